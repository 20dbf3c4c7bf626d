import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import * as fc from 'fast-check'
import { describeMistake } from '../yaml-file.ts'
import { mistakesInNeeds } from './needs.ts'
import { parseOwnService, readOwnServices } from './own-services.ts'

const TAKEN = ['inference', 'tieto']

function mistakesIn(text: string): string[] {
  return parseOwnService('mine.yaml', 'mine', text).mistakes.map(describeMistake)
}

function homeWith(context: TestContext, files: Readonly<Record<string, string>>): string {
  const home = mkdtempSync(join(tmpdir(), 'runa-services-'))
  context.after(() => rmSync(home, { recursive: true }))
  mkdirSync(join(home, 'services'))
  for (const [name, text] of Object.entries(files)) writeFileSync(join(home, 'services', name), text)
  return home
}

test('a command is enough', () => {
  const { service, mistakes } = parseOwnService('mine.yaml', 'mine', 'command: [sleep, "100"]\n')
  assert.deepEqual(mistakes, [])
  assert.deepEqual([service?.name, service?.command], ['mine', ['sleep', '100']])
  assert.deepEqual([service?.restart, service?.liveness], [undefined, undefined])
})

test('each mistake is told with its line, its column, and what was probably meant', () => {
  assert.deepEqual(mistakesIn('comand: [a]\ncommand: [a]\n'), [
    'mine.yaml:1:1: comand: there is no such field. Did you mean command?',
  ])
  assert.deepEqual(mistakesIn('command: [a]\nliveness:\n  http: {port: 0}\n  perodSeconds: 3\n'), [
    'mine.yaml:3:10: liveness.http.port: is less than 1',
    'mine.yaml:4:3: liveness.perodSeconds: there is no such field. Did you mean periodSeconds?',
  ])
  assert.match(mistakesIn('command: python3\n')[0] ?? '', /^mine.yaml:1:1: command: is a list/)
  assert.match(mistakesIn('needs: []\n')[0] ?? '', /^mine.yaml:1:1: command: is a list/)
  assert.match(mistakesIn('command: [a\n')[0] ?? '', /^mine.yaml:\d:\d/)
  assert.deepEqual(mistakesIn('command: [a]\nliveness: {periodSeconds: 5}\n'), [
    'mine.yaml:2:1: liveness: has one of these, and only one: http, command',
  ])
})

test('a step that does not exist is told with those that do, at its place', () => {
  assert.deepEqual(mistakesIn('command: [a]\nonFailure:\n  crash: [restart, pray]\n  crsh: [wait]\n'), [
    'mine.yaml:3:20: onFailure.crash.1: is one of restart, wait, give-up, stop-group, or {run: [program, ...]}',
    'mine.yaml:4:3: onFailure.crsh: there is no such field. Did you mean crash?',
  ])
  assert.match(
    mistakesIn('command: [a]\nonFailure: {hang: restart}\n')[0] ?? '',
    /2:13: .*is a list of steps/,
  )
  assert.match(
    mistakesIn('command: [a]\nonFailure: {crash-loop: [restart]}\n')[0] ?? '',
    /crash-loop.0: is one of give-up, stop-group/,
  )
  const { service } = parseOwnService('mine.yaml', 'mine', 'command: [a]\nonFailure: {crash: [run: [b]]}\n')
  assert.deepEqual(service?.onFailure?.crash, [{ run: ['b'], timeoutSeconds: 30 }])
})

test('what would be refused at the start is a mistake already', () => {
  assert.deepEqual(
    mistakesIn(
      'command: [a]\nisolation:\n  kind: bubblewrap\nmemoryBytes: 900000000\nlimits: {memoryBytes: 100663296}\n',
    ),
    [
      'mine.yaml:3:3: isolation.kind: a service of your own is kept apart by landlock, or not at all',
      'mine.yaml:4:1: memoryBytes: is an estimate of more than limits.memoryBytes lets it have',
    ],
  )
  assert.deepEqual(mistakesIn('command: [a]\nisolation: {kind: landlock}\nmemoryBytes: 1\n'), [])
})

test('whatever stands in a file, it is a service or a mistake at a place in it', () => {
  const text = fc.oneof(
    fc.string(),
    fc.json(),
    fc.string({ unit: fc.constantFrom(...'command:[] \n-{}&*a') }),
  )
  fc.assert(
    fc.property(text, (written) => {
      const { service, mistakes } = parseOwnService('mine.yaml', 'mine', written)
      assert.equal(service === undefined, mistakes.length > 0)
      for (const { line } of mistakes) assert.ok(line >= 1 && line <= written.split('\n').length)
    }),
    { numRuns: 300 },
  )
})

test('without a folder there are none', async (context) => {
  const none = await readOwnServices(join(homeWith(context, {}), 'none'), TAKEN)
  assert.deepEqual(none, { read: [], mistakes: [] })
})

test('what is needed has to be there, and nobody needs itself', async (context) => {
  const home = homeWith(context, {
    'one.yaml': 'command: [a]\nneeds: [tietto]\n',
    'two.yaml': 'command: [a]\nneeds: [three, tieto]\n',
    'three.yaml': 'command: [a]\nneeds:\n  - two\n',
  })
  const { read } = await readOwnServices(home, TAKEN)
  const others = TAKEN.map((name) => ({ name }))
  const told = mistakesInNeeds(read, others)
    .map(describeMistake)
    .map((text) => text.slice(home.length + '/services/'.length))
  assert.deepEqual(told, [
    "one.yaml:2:9: needs.0: there is no service 'tietto'. Did you mean tieto?",
    'three.yaml:2:1: needs: three needs itself, by way of others',
    'two.yaml:2:1: needs: two needs itself, by way of others',
  ])
})

test('a name of Runa’s own, and none at all, are refused', async (context) => {
  const home = homeWith(context, { 'tieto.yaml': 'command: [a]\n', '9.yaml': 'command: [a]\n' })
  const { mistakes } = await readOwnServices(home, TAKEN)
  assert.match(
    mistakes.map(describeMistake).join(),
    /9.yaml:1:1: '9' is no name of a service.*tieto.yaml:1:1: 'tieto' is a service of Runa itself/,
  )
})
