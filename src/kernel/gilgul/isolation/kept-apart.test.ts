import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import type * as z from 'zod'
import { assembleCallFilter, missingPowers } from '#kernel/seclusion'
import { SERVICES } from '../spec/service-table.ts'
import { createConfining } from './confining.ts'
import { findGroupTree } from './group-tree.ts'
import { createGroups } from './groups.ts'
import { isolate } from './isolate.ts'
import { describeMachine } from './machine.ts'
import { putFile } from './put-file.ts'
import { isolationSchema } from './settings.ts'

const PYTHON = '/usr/bin/python3'
const BUSYBOX = '/bin/busybox'

const base = mkdtempSync(join(tmpdir(), 'runa-apart-'))
after(() => rmSync(base, { recursive: true, force: true }))
const home = join(base, 'home')
const own = join(home, 'services/probe')
mkdirSync(own, { recursive: true })
for (const folder of [base, home, join(home, 'services')]) chmodSync(folder, 0o711)
mkdirSync(join(home, 'vault'))
writeFileSync(join(home, 'vault/key'), 'a secret')

const machine = describeMachine({
  searchPath: '/usr/bin:/bin',
  filterFile(options) {
    const path = join(base, `${options.network}.bpf`)
    putFile(
      path,
      assembleCallFilter(process.arch, { sockets: options.network ? 'any' : 'files' }) ??
        assert.fail('no filter'),
    )
    return path
  },
})

/** Runs a program as it would be run behind a bridge, to its end. */
function run(isolation: z.input<typeof isolationSchema>, command: readonly string[]) {
  const confined = {
    name: 'probe',
    isolation: isolationSchema.parse(isolation),
    limits: {},
    command,
    descriptors: [],
    home,
    own,
  }
  const { words, environment, folders } = isolate(confined, machine)
  for (const { path, owner } of folders) {
    mkdirSync(path, { recursive: true })
    if (owner) spawnSync('chown', [`${owner.uid}:${owner.gid}`, path])
  }
  const [program = '', ...rest] = words
  const { stdout, stderr, status } = spawnSync(program, rest, {
    cwd: home,
    env: { PATH: '/usr/bin:/bin', ...environment },
    encoding: 'utf8',
    input: 'said to it\n',
    timeout: 30_000,
  })
  return { stdout, stderr, status }
}

const withPython = existsSync(PYTHON) ? machine.bubblewrapFault() : `there is no ${PYTHON}`

describe('under bubblewrap', { skip: withPython !== '' && withPython }, () => {
  const python = (code: string, changes: object = {}) =>
    run({ kind: 'bubblewrap', ...changes }, [PYTHON, '-c', code])

  test('it reads its input, writes its output, and keeps what it writes at home', () => {
    const said = python('print(input().upper()); open("kept", "w").write("x")')
    assert.deepEqual([said.stdout, said.stderr, said.status], ['SAID TO IT\n', '', 0])
    assert.ok(existsSync(join(own, 'kept')))
  })

  test('files of this home and of people are not there, and those of the system may not be written', () => {
    for (const path of [join(home, 'vault/key'), '/root', '/home', '/etc/shadow']) {
      assert.match(python(`open(${JSON.stringify(path)})`).stderr, /FileNotFoundError/, path)
    }
    assert.match(python('open("/usr/planted", "w")').stderr, /Read-only file system/)
    const shown = join(base, 'shown')
    mkdirSync(shown)
    writeFileSync(join(shown, 'text'), 'seen')
    assert.equal(python(`print(open("${shown}/text").read())`, { read: [shown] }).stdout, 'seen\n')
    assert.match(python(`open("${shown}/new", "w")`, { read: [shown] }).stderr, /Read-only/)
    assert.equal(python(`open("${shown}/new", "w")`, { write: [shown] }).status, 0)
  })

  test('it sees no process but its own', () => {
    const { stdout } = python('import os; print(len([n for n in os.listdir("/proc") if n.isdigit()]))')
    assert.ok(Number(stdout) <= 3, stdout)
  })

  test('it can open no socket, unless it may have the network', async () => {
    const server = createServer((_, response) => response.end('reached')).listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    const { port } = server.address() as AddressInfo
    const connect = `import socket; socket.socket().connect(("127.0.0.1", ${port})); print("reached")`
    assert.match(python(connect).stderr, /Address family not supported/)
    assert.equal(python(connect, { network: true }).stdout, 'reached\n')
    server.close()
  })

  test('calls that reach out of its view are refused, and those that it needs are not', () => {
    const call = (name: string, ...values: number[]) =>
      `import ctypes, os; c = ctypes.CDLL(None, use_errno=True)\n` +
      `print(c.${name}(${values.join(', ')}), os.strerror(ctypes.get_errno()))`
    assert.match(python(call('ptrace', 0, 0, 0, 0)).stdout, /^-1 Operation not permitted/)
    assert.match(python(call('unshare', 0x10000000)).stdout, /^-1 Operation not permitted/)
    assert.match(python(call('mount', 0, 0, 0, 0, 0)).stdout, /^-1 Operation not permitted/)
    assert.match(python(call('getppid')).stdout, /^\d+ Success/)
    const threads = 'import threading, subprocess; t = threading.Thread(target=print); t.start(); t.join()'
    assert.equal(python(`${threads}; subprocess.run(["true"], check=True)`).status, 0)
  })
})

const landlockFault =
  missingPowers(machine.powers()).join('; ') || (existsSync(PYTHON) ? '' : `there is no ${PYTHON}`)

describe('under landlock', { skip: landlockFault !== '' && landlockFault }, () => {
  test('a program reads its input, keeps what it writes in its own folder, and reaches nothing else', () => {
    const python = (code: string) => run({ kind: 'landlock' }, [PYTHON, '-c', code])
    const said = python(
      'import os; print(input().upper()); open(os.environ["HOME"] + "/walled", "w").write("x")',
    )
    assert.deepEqual([said.stdout, said.stderr, said.status], ['SAID TO IT\n', '', 0])
    assert.ok(existsSync(join(own, 'walled')))
    for (const path of [join(home, 'vault/key'), '/etc/shadow', '/proc/1/environ'])
      assert.match(python(`open(${JSON.stringify(path)})`).stderr, /PermissionError|FileNotFoundError/, path)
    assert.match(python('open("/usr/planted", "w")').stderr, /PermissionError/)
    assert.match(python('import socket; socket.socket()').stderr, /Address family not supported/)
  })
})

const isRoot = process.getuid?.() === 0

describe('as another user', { skip: !isRoot && 'only root may start a service as another user' }, () => {
  test("it has that number, no rights, its own folder, and nobody else's", () => {
    const shell = (text: string) => run({ kind: 'user', user: '61234' }, ['/bin/sh', '-c', text])
    assert.equal(shell('id -u; id -g; id -G').stdout, '61234\n61234\n61234\n')
    assert.match(shell('grep NoNewPrivs /proc/self/status').stdout, /1/)
    assert.equal(shell('echo x > "$RUNA_HOME/mine" && cat').stdout, 'said to it\n')
    assert.notEqual(shell(`echo x > ${join(home, 'theirs')}`).status, 0)
  })
})

const chrootFault = isRoot ? (existsSync(BUSYBOX) ? '' : 'there is no busybox') : 'only root may chroot'

describe('in a chroot', { skip: chrootFault !== '' && chrootFault }, () => {
  test('it takes the folder for the whole system, and has a place of its own in it', () => {
    const root = join(base, 'root')
    mkdirSync(join(root, 'bin'), { recursive: true })
    for (const name of ['sh', 'cat']) copyFileSync(BUSYBOX, join(root, 'bin', name))
    const text = 'echo x > "$RUNA_HOME/mine" && cd / && echo * && cat'
    const said = run({ kind: 'chroot', user: '61234', root }, ['/bin/sh', '-c', text])
    assert.equal(said.stdout, 'bin runa\nsaid to it\n', said.stderr)
    assert.ok(existsSync(join(root, 'runa/probe/mine')))
  })
})

const tree = findGroupTree()

describe('within limits', { skip: (!tree || !existsSync(PYTHON)) && 'no control groups can be made' }, () => {
  test('a process enters its group, and is ended at its limit, with what it has started', async () => {
    if (!tree) return
    const groups = createGroups(tree, `apart-${process.pid}`)
    const note = () => {}
    const { confine, bury, describe } = createConfining({
      machine,
      groups: () => groups,
      home,
      view: () => undefined,
      note,
    })
    const [tieto = assert.fail('no service')] = SERVICES
    const spec = { ...tieto, limits: { memoryBytes: 2 ** 26, tasks: 32 } }
    const eat =
      'import subprocess; subprocess.Popen(["sleep", "60"]); a = [bytearray(1 << 20) for _ in range(500)]'
    const [program, ...words] = confine(spec, [PYTHON, '-c', eat]).words
    const { signal } = spawnSync(program, words, { timeout: 30_000, stdio: 'ignore' })
    assert.equal(signal, 'SIGKILL')
    assert.deepEqual(describe(spec, process.pid)?.limits, [
      { what: 'memoryBytes', limit: 2 ** 26, by: `cgroup v${tree.version}` },
      { what: 'tasks', limit: 32, by: `cgroup v${tree.version}` },
    ])
    assert.match(bury(spec) ?? '', /limit of memory, 64 MiB/)
    while (groups.look(spec.name)) await new Promise((resolve) => setTimeout(resolve, 5))
  })
})

/** Beside version 1, version 2 may be there without its controllers: then there is all but limits. */
const unified = /^\S+ (\S+) cgroup2 rw/m.exec(readFileSync('/proc/mounts', 'latin1'))?.[1]
const mayGroup = unified !== undefined && isRoot

describe('within a group of version 2', { skip: !mayGroup && 'there is none, or this is not root' }, () => {
  test('a process enters it, and all that it has started is ended with it by the kernel', async () => {
    const groups = createGroups({ version: 2, folders: { pids: unified ?? '' } }, `apart-${process.pid}`)
    const { doors } = groups.make('probe', { tasks: 32 })
    assert.equal(doors.length, 1)
    const [door = ''] = doors
    const text = `echo 0 > ${door}; sleep 60 & sleep 60 & echo ready; wait`
    const child = spawn('/bin/sh', ['-c', text], { stdio: ['ignore', 'pipe', 'inherit'] })
    const ended = new Promise((resolve) => child.once('exit', (_, signal) => resolve(signal)))
    await new Promise((resolve) => child.stdout.once('data', resolve))
    assert.equal(readFileSync(door, 'latin1').trim().split('\n').length, 3)
    assert.match(readFileSync(`/proc/${child.pid}/cgroup`, 'latin1'), /^0::.*\/probe$/m)
    groups.end('probe')
    assert.equal(await ended, 'SIGKILL')
    while (groups.look('probe')) await new Promise((resolve) => setTimeout(resolve, 5))
  })
})
