import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, test } from 'node:test'
import { createTestRuna, UP } from './test-runa.ts'

// `runa bus` on buses of its own: no Runa runs here.

const runa = createTestRuna()
const folder = mkdtempSync('/dev/shm/runa-bus-cli-')
const path = join(folder, 'first', 'bus')
after(async () => {
  await runa.remove()
  rmSync(folder, { recursive: true })
})

const bus = (...words: string[]) => runa.runa('bus', ...words, '--bus', path)
const script = (lines: readonly string[], ...words: string[]) =>
  runa.runaWith(`${lines.join('\n')}\n`, 'bus', ...words)

async function json(...words: string[]): Promise<Record<string, unknown>> {
  const { status, stdout, stderr } = await bus(...words, '--json')
  assert.equal(status, 0, stderr)
  return JSON.parse(stdout) as Record<string, unknown>
}

test('a bus is made, written to, read and asked about by single commands', async () => {
  assert.match((await bus('init', '--size', '16M')).stdout, /^Made a bus at .*first\/bus/)
  const bytes = Buffer.from([0, 255, 10, 13, 0])
  const [file, copy] = [join(runa.home, 'bytes'), join(runa.home, 'copy')]
  writeFileSync(file, bytes)
  await script([`set raw --file ${file}`, `get raw --file ${copy}`], '--bus', path)
  assert.deepEqual(readFileSync(copy), bytes)
  await runa.runaWith('from the input', 'bus', 'set', 'text', '--bus', path)
  const [raw, text, list, again, absent, unknown, missing] = await Promise.all([
    json('get', 'raw'),
    bus('get', 'text'),
    json('list'),
    bus('init'),
    bus('get', 'nowhere', '--json'),
    bus('frobnicate'),
    bus('set'),
  ])
  assert.equal(raw['base64'], bytes.toString('base64'))
  assert.equal(text.stdout, 'from the input')
  assert.deepEqual(list['keys'], ['raw', 'text'])
  assert.deepEqual([again.status, /already/.test(again.stderr)], [2, true])
  assert.deepEqual([absent.status, JSON.parse(absent.stderr).error.code], [1, 'KEY_ABSENT'])
  assert.equal(unknown.status, 2)
  assert.match(missing.stderr, /Expected: set <key> \[value\]/)
})

test('every verb of keys works at the prompt, in order, and piped in', async () => {
  const lines = [
    'set a.note "two words" --type text',
    'append a.note " more"',
    'get a.note',
    'math a.count add 40',
    'math a.count xor 2',
    'math a.count not',
    'get a.count',
    'type a.note',
    'label a.note --add 3,17 --remove 5',
    'list --labels 17',
    'orders a.step wash --add',
    'orders a.step dry --add',
    'orders a.step',
    'set a.note x --if-version 1',
  ]
  const { status, stdout, stderr } = await script(lines, '--bus', path)
  assert.equal(status, 3)
  assert.match(stderr, /^Line 14: 'a.note' has version \d+ by now.*VERSION_CONFLICT/)
  const shown = stdout.split('\n').filter((line) => !/^Set /.test(line))
  const results = [
    'a.note has 14 bytes now.',
    'two words more',
    '40',
    '42',
    '-43',
    '-43',
    'text',
    '3,17',
    'a.note',
  ]
  assert.deepEqual(shown.slice(0, -1), [...results, 'a.step', 'a.step.1'])
  const { limits } = (await json('caps')) as { limits: { layoutVersion: number } }
  assert.ok(limits.layoutVersion >= 3)
})

test('help is a word as well, and a key with control characters is one harmless line', async () => {
  const [all, one, none] = await Promise.all([bus('help'), bus('help', 'get'), bus('help', 'frobnicate')])
  assert.match(all.stdout, /^Usage: runa bus \[/)
  assert.match(one.stdout, /^Usage: runa bus get /)
  assert.equal(none.status, 2)
  await bus('set', 'odd\nkey\u001b[31m', 'x')
  assert.match((await bus('list', 'odd')).stdout, /^odd key\[31m\n$/)
  const absent = await bus('get', 'odd\u001b[31m')
  assert.match(absent.stderr, /^There is nothing under 'odd\[31m'/)
  await bus('delete', 'odd\nkey\u001b[31m')
})

test('what is exported is imported as it was, and a wrong line changes nothing', async () => {
  const file = join(runa.home, 'keys.jsonl')
  await script(['decay a.note 1h --threshold 0.2', 'expire a.step 7d'], '--bus', path)
  assert.match((await bus('export', file)).stdout, /^Wrote 6 keys/)
  assert.equal(statSync(file).mode & 0o777, 0o600)
  const other = join(folder, 'second', 'bus')
  await runa.runa('bus', 'init', '--bus', other, '--size', '16M')
  const wrong = await runa.runaWith(
    `${readFileSync(file, 'utf8')}{"key":"b"}`,
    'bus',
    'import',
    '--bus',
    other,
  )
  assert.deepEqual([wrong.status, /^Line 7 .*Nothing was changed/.test(wrong.stderr)], [2, true])
  assert.equal((await runa.runa('bus', 'list', '--bus', other)).stdout, '')
  const taken = await runa.ask('bus', 'import', file, '--bus', other)
  assert.deepEqual(taken, { imported: 6, kept: 0, expired: 0 })
  assert.match((await runa.runa('bus', 'import', file, '--bus', other)).stderr, /are there/)
  const exported = await runa.runa('bus', 'export', '--bus', other)
  assert.deepEqual(
    exported.stdout.split('\n').map(withoutTime),
    readFileSync(file, 'utf8').split('\n').map(withoutTime),
  )
})

/** A lifetime is set anew from what is left of it. */
function withoutTime(line: string): string {
  return line.replace(/"expiresAt":\d{10,}(\.\d+)?/, '"expiresAt":…')
}

test('what lasts is flushed and kept in snapshots, and put back; what is damaged changes nothing', async () => {
  const lasting = join(runa.home, 'lasting', 'bus')
  const file = join(runa.home, 'snapshot')
  const place = ['--bus', lasting]
  await runa.runa('bus', 'init', '--persistent', '--size', '8M', ...place)
  const made = await script(
    ['set a old', 'flush', `snapshot ${file}`, 'set a new', `restore ${file}`, 'get a'],
    ...place,
  )
  assert.deepEqual([made.status, made.stdout.split('\n').slice(-2)[0]], [0, 'old'], made.stderr)
  const bytes = readFileSync(file)
  bytes[60] = (bytes[60] ?? 0) ^ 1
  writeFileSync(file, bytes)
  const broken = await script(['set a new', `restore ${file}`], ...place)
  assert.match(broken.stderr, /^Line 2: .*\[SNAPSHOT_BROKEN\]/)
  assert.equal((await runa.runa('bus', 'get', 'a', ...place)).stdout, 'new')
  assert.match((await bus('flush')).stderr, /in memory alone/)
})

test('a tap shows what is published, and a watch what is set, by another process', async () => {
  const heard = await Promise.all([
    firstLine(
      ['tap', 'news', '--all', '--where', 'kind=storm', '-n', '1'],
      ['publish', 'news', '{"kind":"storm"}'],
    ),
    firstLine(['watch', '--prefix', 'w.', '-n', '1'], ['set', 'w.1', 'x']),
  ])
  assert.deepEqual(heard, ['{"kind":"storm"}', 'set w.1'])
})

/** What a waiting verb says first when another goes on happening. */
async function firstLine(waiting: string[], happening: string[]): Promise<string> {
  const [node = '', main = ''] = UP
  const stdio = ['ignore', 'pipe', 'inherit'] as const
  const child = spawn(node, [main, 'bus', ...waiting, '--bus', path], {
    env: runa.environment,
    stdio: [...stdio],
  })
  const line = once(createInterface(child.stdout), 'line') as Promise<[string]>
  let isHeard = false
  void line.then(() => {
    isHeard = true
  })
  // Whether it listens already, nobody outside can see: so until it has heard.
  while (!isHeard && child.exitCode === null) await bus(...happening)
  return (await line)[0]
}

test('with a secret keys are hidden and values sealed; without it nobody comes in', async () => {
  const sealed = join(folder, 'sealed', 'bus')
  const secret = join(runa.home, 'secret')
  const place = ['--bus', sealed, '--secret-file', secret]
  await runa.runa('bus', 'init', '--seal', '--keys', 'hashed', '--size', '8M', ...place)
  assert.equal(statSync(secret).mode & 0o777, 0o600)
  await runa.runa('bus', 'set', 'hidden', 'xyzzy', ...place)
  assert.equal((await runa.runa('bus', 'get', 'hidden', ...place)).stdout, 'xyzzy')
  assert.ok(!readFileSync(sealed).includes('xyzzy') && !readFileSync(sealed).includes('hidden'))
  assert.equal((await runa.runa('bus', 'get', 'hidden', '--bus', sealed)).status, 1)
  assert.match((await runa.runa('bus', 'list', ...place)).stderr, /hashed/)
  await runa.runa('bus', 'destroy', '--yes', '--bus', sealed)
  assert.match((await runa.runa('bus', 'get', 'hidden', ...place)).stderr, /There is no bus.*FILE_NOT_FOUND/)
})
