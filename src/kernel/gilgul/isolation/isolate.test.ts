import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type * as z from 'zod'
import type { Confined } from './confined.ts'
import { isolate } from './isolate.ts'
import type { Machine } from './machine.ts'
import { isolationSchema } from './settings.ts'

const base = mkdtempSync(join(tmpdir(), 'runa-isolate-'))
after(() => rmSync(base, { recursive: true, force: true }))
const home = join(base, 'home')
mkdirSync(home)
writeFileSync(join(home, 'tieto.py'), '')

function machine(changes: Partial<Machine> = {}): Machine {
  return {
    isRoot: true,
    architecture: 'x64',
    find: (program) => `/usr/bin/${program}`,
    may: () => true,
    bubblewrapFault: () => '',
    user: (name) => (name === 'tieto' ? { uid: 812, gid: 813 } : undefined),
    powers: () => ({ landlock: 7, filter: true }),
    filterFile: ({ network }) => `/run/${network}.bpf`,
    ...changes,
  }
}

function confined(isolation: z.input<typeof isolationSchema>, changes: Partial<Confined> = {}): Confined {
  return {
    name: 'tieto',
    isolation: isolationSchema.parse(isolation),
    limits: {},
    command: ['python3', 'tieto.py', '--fast'],
    descriptors: [3],
    home,
    own: join(home, 'services/tieto'),
    ...changes,
  }
}

/** The pairs behind an option. */
function bound(words: readonly string[], option: string): string[] {
  return words.flatMap((word, index) => (word === option ? `${words[index + 1]} ${words[index + 2]}` : []))
}

test('without isolation the command is what it is', () => {
  const { words, missing } = isolate(confined({}), machine())
  assert.deepEqual([words, missing], [['python3', 'tieto.py', '--fast'], []])
})

function wallsIn(words: readonly string[]): { rules: Record<string, unknown>; descriptors: number[] } {
  return JSON.parse(words.find((word) => word.startsWith('{')) ?? assert.fail('no walls'))
}

test('landlock shows a program the same as bubblewrap does, and gives it its own folder for a home', () => {
  const wish = confined({ kind: 'landlock', read: ['docs'], write: ['out'] })
  const { words, environment, folders } = isolate(wish, machine())
  const own = join(home, 'services/tieto')
  const { rules, descriptors } = wallsIn(words)
  assert.ok((rules['read'] as string[]).includes(join(home, 'docs')))
  assert.deepEqual(rules['write'], [own, join(home, 'out')])
  assert.ok((rules['run'] as string[]).includes(join(home, 'tieto.py')))
  assert.deepEqual([rules['network'], descriptors], [false, [3]])
  assert.deepEqual(words.slice(-3), ['python3', 'tieto.py', '--fast'])
  assert.equal(environment['RUNA_HOME'], own)
  assert.deepEqual(folders, [{ path: own }])
})

test('landlock adds what the owner names to what a service of Runa has to reach', () => {
  const view = {
    ...{ read: ['/usr'], write: [join(home, 'topics'), '/dev/shm/x'], journals: [join(home, 'kept')] },
    ...{ devices: [], network: false, isDefault: true },
  }
  const { words, folders, journals } = isolate(
    confined({ kind: 'landlock', read: ['more'], network: true }, { view }),
    machine(),
  )
  const { rules } = wallsIn(words)
  assert.deepEqual(rules['read'], ['/usr', join(home, 'more')])
  assert.deepEqual(rules['write'], [join(home, 'topics'), '/dev/shm/x', join(home, 'kept')])
  assert.equal(rules['network'], true)
  assert.deepEqual(folders, [{ path: join(home, 'topics'), mode: 0o700 }])
  assert.deepEqual(journals, [join(home, 'kept')])
})

test('a kernel without Landlock is named', () => {
  const powers = () => ({ landlock: 0, filter: true })
  assert.throws(() => isolate(confined({ kind: 'landlock' }), machine({ powers })), {
    code: 'ISOLATION_MISSING',
    message: /no Landlock/,
  })
  const { words, missing } = isolate(confined({ kind: 'landlock', required: false }), machine({ powers }))
  assert.deepEqual([words, missing.length], [['python3', 'tieto.py', '--fast'], 1])
})

test('bubblewrap shows the system, the files of the command, and its own folder as the home', () => {
  const { words, folders } = isolate(confined({ kind: 'bubblewrap', write: ['out'] }), machine())
  const own = join(home, 'services/tieto')
  const script = join(home, 'tieto.py')
  assert.deepEqual(words.slice(0, 5), [
    '/bin/sh',
    '-c',
    'exec 9<"$0" && exec "$@"',
    '/run/false.bpf',
    '/usr/bin/bwrap',
  ])
  assert.deepEqual(bound(words, '--bind'), [`${own} ${home}`, `${join(home, 'out')} ${join(home, 'out')}`])
  assert.deepEqual(bound(words, '--ro-bind'), [`${script} ${script}`])
  for (const shown of [...bound(words, '--ro-bind-try'), ...bound(words, '--ro-bind')]) {
    assert.doesNotMatch(shown, /^(\/|\/root|\/home|\/etc|\/run|\/var) /)
  }
  assert.ok(words.includes('--unshare-net') && words.includes('--unshare-pid'))
  assert.deepEqual(words.slice(-4), ['--', 'python3', 'tieto.py', '--fast'])
  assert.deepEqual(folders, [{ path: own }])
})

test('a folder that the command names is not shown, since it may hold more than was meant', () => {
  const { words } = isolate(
    confined({ kind: 'bubblewrap' }, { command: ['python3', 'tieto.py', '/', home, '..'] }),
    machine(),
  )
  assert.equal(bound(words, '--ro-bind').length, 1)
})

test('the network is there for who asks for it, with the files that name others', () => {
  const { words } = isolate(confined({ kind: 'bubblewrap', network: true }), machine())
  assert.ok(!words.includes('--unshare-net'))
  assert.ok(words.includes('/etc/resolv.conf') && words.includes('/run/true.bpf'))
})

test('what this machine cannot do is refused, or named where it is not required', () => {
  const weak = machine({
    isRoot: false,
    bubblewrapFault: () => 'bubblewrap is not installed',
    find: () => undefined,
  })
  const asked = [
    { kind: 'bubblewrap' },
    { kind: 'user', user: 'tieto' },
    { kind: 'chroot', user: 'tieto', root: '/srv' },
    { kind: 'qemu', kernel: 'vmlinuz' },
    { kind: 'xen', kernel: 'vmlinuz' },
  ] as const
  for (const isolation of asked) {
    assert.throws(() => isolate(confined(isolation), weak), { code: 'ISOLATION_MISSING' })
    const { words, missing } = isolate(confined({ ...isolation, required: false }), weak)
    assert.deepEqual(words, ['python3', 'tieto.py', '--fast'])
    assert.equal(missing.length, 1)
  }
})

test('an unknown processor loses the filter, and only it', () => {
  const { words, missing } = isolate(
    confined({ kind: 'bubblewrap', required: false }),
    machine({ architecture: 'riscv64', filterFile: () => undefined }),
  )
  assert.equal(words[0], '/usr/bin/bwrap')
  assert.match(missing[0] ?? '', /filter/)
})

test('another user has no rights, and a folder of its own, once it may pass to it', () => {
  chmodSync(base, 0o711)
  chmodSync(home, 0o700)
  const asked = confined({ kind: 'user', user: 'tieto' })
  assert.throws(() => isolate(asked, machine()), { message: new RegExp(`chmod o\\+x ${home}`) })
  chmodSync(home, 0o711)
  const { words, folders, environment } = isolate(asked, machine())
  assert.deepEqual(words.slice(0, 4), ['/usr/bin/setpriv', '--reuid=812', '--regid=813', '--clear-groups'])
  assert.ok(words.includes('--no-new-privs') && words.includes('--bounding-set=-all'))
  assert.deepEqual(folders, [{ path: asked.own, owner: { uid: 812, gid: 813 } }])
  assert.equal(environment['RUNA_HOME'], asked.own)
  assert.throws(() => isolate(confined({ kind: 'user', user: 'root' }), machine()), /no user root/)
})

test('a chroot has its own folder inside, and the rights of its user', () => {
  const { words, folders } = isolate(
    confined({ kind: 'chroot', user: 'tieto', root: '/srv/tieto' }),
    machine(),
  )
  assert.deepEqual(words.slice(3), [
    '/usr/bin/chroot',
    '--userspec=812:813',
    '--groups=',
    '/srv/tieto',
    'python3',
    'tieto.py',
    '--fast',
  ])
  assert.deepEqual(
    folders.map(({ path }) => path),
    ['/srv/tieto/runa', '/srv/tieto/runa/tieto'],
  )
})

test('a machine of its own has no network, the memory of the limit, and the command for its kernel', () => {
  const asked = confined(
    { kind: 'qemu', kernel: 'vmlinuz', disk: 'disk.img' },
    { limits: { memoryBytes: 2 ** 29 } },
  )
  const { words } = isolate(asked, machine())
  const behind = (option: string) => words[words.indexOf(option) + 1]
  assert.equal(behind('-nic'), 'none')
  assert.equal(behind('-m'), '352')
  assert.equal(behind('-machine'), 'accel=kvm')
  assert.match(behind('-append') ?? '', /init=\/runa\/init -- python3 tieto\.py --fast$/)
  const slow = isolate(asked, machine({ may: () => false }))
  assert.ok(slow.words.includes('accel=tcg'))
  const odd = confined({ kind: 'qemu', kernel: 'vmlinuz' }, { command: ['python3', 'a b'] })
  assert.throws(() => isolate(odd, machine()), { code: 'ISOLATION_MISSING' })
})

test('a machine of Xen is described in a file, and has no network', () => {
  const asked = confined({ kind: 'xen', kernel: 'vmlinuz' })
  const { words, files } = isolate(asked, machine())
  assert.deepEqual(words.slice(1), ['create', '-c', join(asked.own, 'xen.cfg')])
  assert.match(files[0]?.text ?? '', /vif = \[\]/)
})

test('settings that say too little are refused by their field', () => {
  for (const faulty of [{ kind: 'user' }, { kind: 'chroot', user: 'a' }, { kind: 'qemu' }] as const) {
    assert.equal(isolationSchema.safeParse(faulty).success, false)
  }
  for (const user of ['0', 'root ', '-1', '']) {
    assert.equal(isolationSchema.safeParse({ kind: 'user', user }).success, false)
  }
})
