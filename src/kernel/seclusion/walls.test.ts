import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { after, describe, test } from 'node:test'
import { missingPowers, seclusionPowers, weakPowers } from './powers.ts'
import { type Walls, withinWalls } from './walls.ts'

const base = mkdtempSync(join(tmpdir(), 'runa-walls-'))
after(() => rmSync(base, { recursive: true, force: true }))
const place = (name: string) => join(base, name)
mkdirSync(place('shown'))
mkdirSync(place('own'))
writeFileSync(place('shown/text'), 'seen')
writeFileSync(place('canary'), 'kept from it')

const SYSTEM = [
  '/usr',
  '/bin',
  '/lib',
  '/lib64',
  '/etc/ld.so.cache',
  '/etc/ssl',
  '/etc/pki',
  '/proc',
  process.execPath,
]

function within(changes: Partial<Walls>, ...words: readonly string[]): readonly [string, ...string[]] {
  const rules = { run: SYSTEM, read: [place('shown')], write: [place('own')], devices: ['/dev/null'] }
  return withinWalls(
    { title: 'walled', descriptors: [], network: false, sockets: 'none', ...rules, ...changes },
    words,
  )
}

function run(words: readonly [string, ...string[]]) {
  const [program, ...rest] = words
  return spawnSync(program, rest, { encoding: 'utf8', input: 'said to it\n', timeout: 30_000 })
}

const shell = (script: string) => run(within({}, 'sh', '-c', script))
const node = (script: string, changes: Partial<Walls> = {}) =>
  run(within(changes, process.execPath, '-e', script))

const powers = seclusionPowers()
const fault = missingPowers(powers).join('; ')

describe('within walls', { skip: fault !== '' && fault }, () => {
  test('it reads and writes what it may, and nothing else', () => {
    assert.equal(shell(`cat ${place('shown/text')}`).stdout, 'seen')
    assert.match(shell(`cat ${place('canary')}`).stderr, /Permission denied/)
    assert.match(shell(`ls ${base}`).stderr, /Permission denied/)
    assert.match(shell(`echo x > ${place('shown/text')}`).stderr, /Permission denied/)
    assert.match(shell(`rm ${place('canary')}`).stderr, /Permission denied/)
    assert.equal(
      shell(`echo x > ${place('own/kept')} && mv ${place('own/kept')} ${place('own/moved')}`).status,
      0,
    )
    assert.equal(readFileSync(place('own/moved'), 'utf8'), 'x\n')
  })

  test('threads read no more than it does, nor does what it starts', () => {
    const thread = `require('fs').readFile(${JSON.stringify(place('canary'))}, (error) => console.log(error.code))`
    assert.equal(node(thread).stdout, 'EACCES\n')
    const child = `console.log(require('child_process').spawnSync('cat', [${JSON.stringify(place('canary'))}]).status)`
    assert.equal(node(child).stdout, '1\n')
  })

  test('it runs only what it may run', () => {
    const script = `console.log(require('child_process').spawnSync('/bin/true').error?.code)`
    const loaders = ['/lib64/ld-linux-x86-64.so.2', '/lib/ld-linux-aarch64.so.1']
    const run = [process.execPath, ...loaders]
    assert.equal(node(script, { run, read: SYSTEM }).stdout, 'EACCES\n')
  })

  test('without the network it has no socket', () => {
    const connect = `require('net').connect(9, '127.0.0.1').on('error', ({ code }) => console.log(code))`
    assert.equal(node(connect).stdout, 'EAFNOSUPPORT\n')
    assert.equal(node(connect, { sockets: 'any', network: true }).stdout, 'ECONNREFUSED\n')
  })

  test('it reaches no process outside', (t) => {
    const attempt = (act: string) =>
      `try { ${act}; console.log('done') } catch ({ code }) { console.log(code) }`
    assert.equal(
      node(attempt(`require('fs').readFileSync('/proc/${process.pid}/environ')`)).stdout,
      'EACCES\n',
    )
    if (powers.landlock < 6) return t.skip(weakPowers(powers).join('; '))
    assert.equal(node(attempt(`process.kill(${process.pid}, 0)`)).stdout, 'EPERM\n')
  })

  test('its number, its input and its descriptors are those of who was started', async () => {
    const script = 'echo $$; cat <&3; echo x >&4'
    const [program, ...words] = within({ descriptors: [3] }, 'sh', '-c', script)
    const child = spawn(program, words, { stdio: ['ignore', 'pipe', 'pipe', 'pipe', 'pipe'] })
    const given = child.stdio[3]
    assert.ok(given && 'end' in given && child.stdout && child.stderr)
    given.end('handed on\n')
    const [said, complaint] = await Promise.all([text(child.stdout), text(child.stderr)])
    assert.equal(said, `${child.pid}\nhanded on\n`)
    assert.match(complaint, /4: Bad file descriptor/)
  })

  test('a signal that Node ignores is not ignored by a program', () => {
    const ignored = /SigIgn:\s+(\w+)/.exec(shell('cat /proc/self/status').stdout)?.[1]
    assert.equal(Number.parseInt(ignored ?? '', 16), 0)
  })

  test('a program that is not there is said to be missing', () => {
    const { status, stderr } = run(within({}, 'no-such-program'))
    assert.equal(status, 1)
    assert.match(stderr, /^walled cannot be kept apart, and is not started: execve: ENOENT\n$/)
    assert.ok(!existsSync(place('no-such-program')))
  })
})

test('what a kernel lacks is named', () => {
  assert.deepEqual(missingPowers({ landlock: 1, filter: true }), [])
  assert.equal(missingPowers({ landlock: 0, filter: false }).length, 2)
  assert.deepEqual(weakPowers({ landlock: 6, filter: true }), [])
  assert.equal(weakPowers({ landlock: 2, filter: true }).length, 3)
})
