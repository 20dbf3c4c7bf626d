import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { attachBus, createBus } from '#kernel/splinter'
import { createEnvelope } from '#protocol'
import { refuseContradiction } from '../commands/scope.ts'

const MAIN = fileURLToPath(new URL('../main.js', import.meta.url))
const folder = mkdtempSync('/dev/shm/runa-scope-command-')
const path = join(folder, 'bus')
createBus({ path, sizeBytes: 8 * 2 ** 20, inboxBytes: 65_536 })
const bus = attachBus(path, { name: 'tieto' })
after(() => {
  bus.close()
  rmSync(folder, { recursive: true })
})

function runa(...words: string[]) {
  return spawnSync(process.execPath, [MAIN, ...words, '--bus', path], { encoding: 'utf8', timeout: 20_000 })
}

test('one look at a bus is text, JSON or figures for Prometheus, and ends by itself', () => {
  const text = runa('scope', '--once')
  assert.equal(text.status, 0)
  assert.match(text.stdout, /^2 of \d+ members.*\n\nNothing to look at.*\n\nMEMBER.*\ntieto /)
  const { members, troubles, store } = JSON.parse(runa('scope', '--json').stdout)
  assert.deepEqual([members[0].name, troubles], ['tieto', []])
  assert.ok(store.keysMax > 0)
  assert.match(runa('scope', '--prometheus').stdout, /^runa_bus_members 2$/m)
})

test('what is recorded by one command is shown by another, and told as a tree where a trace is asked for', async () => {
  const record = join(folder, 'record')
  const recorder = spawn(process.execPath, [MAIN, 'bus', 'record', '--folder', record, '--bus', path])
  await once(recorder.stdout, 'data')
  const query = createEnvelope({
    from: 'cli',
    to: bus.address,
    type: 'query',
    operation: 'search',
  })
  const { trace } = query
  bus.send(query)
  recorder.kill('SIGINT')
  const [status] = await once(recorder, 'exit')
  assert.equal(status, 130)
  const { stdout } = runa('bus', 'record', '--show', '--folder', record, '--trace', trace)
  assert.match(stdout, /The recording begins: /)
  assert.match(stdout, /cli → tieto +query search, \d+ B, trace …/)
  assert.match(stdout, /Trace .*: 1 call, 0 events\n\n +\+0 µs +cli → tieto search: no answer so far/)
  const lines = runa('bus', 'record', '--show', '--folder', record, '--from', 'cli', '--json').stdout.trim()
  assert.deepEqual(
    lines.split('\n').map((line) => JSON.parse(line).kind),
    ['begin', 'message', 'end'],
  )
})

test('arguments that make no sense are refused', () => {
  assert.equal(runa('scope', 'pages').status, 2)
  assert.equal(runa('scope', 'trace', '--trace', 'x').status, 2)
  assert.equal(runa('scope', '--topic', 'nothing').status, 2)
  const options = { json: false, once: false, plain: false, prometheus: false }
  for (const contradiction of [
    { once: true, topic: 'x' },
    { prometheus: true, json: true },
    { json: true, plain: true },
  ]) {
    assert.throws(() => refuseContradiction('bus', { ...options, ...contradiction }), { code: 'BAD_INPUT' })
  }
  assert.throws(() => refuseContradiction('tap', { ...options, once: true }), { code: 'BAD_INPUT' })
  refuseContradiction('bus', { ...options, once: true, json: true })
})
