import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { attachBus, createBus, type RecordedMessage } from '#kernel/splinter'
import { createEnvelope } from '#protocol'
import { type BusView, showBus, showHead } from './bus-page.ts'
import { formatMicros, formatRate, layOutTable, wrap } from './figures.ts'
import { titleLines } from './live.ts'
import { checkTrace, passes } from './message-filter.ts'
import { createTap } from './tap-page.ts'
import { createTraces } from './trace-page.ts'
import { compare } from './watching.ts'

const folder = mkdtempSync('/dev/shm/runa-scope-test-')
const path = join(folder, 'bus')
createBus({ path, sizeBytes: 8 * 2 ** 20, inboxBytes: 65_536 })
const [scope, service] = [attachBus(path, { name: 'scope' }), attachBus(path, { name: 'tieto' })]
after(() => {
  for (const bus of [scope, service]) bus.close()
  rmSync(folder, { recursive: true })
})

const sent: RecordedMessage = {
  ...{ at: Date.UTC(2026, 0, 31, 12), from: 'cli@2.1', to: 'tieto', type: 'query', operation: 'search' },
  ...{ trace: '01890a5d-ac96-774b-bcce-b302099a8057', sequence: 0, sizeBytes: 1_200, sealed: true },
}

test('the page of the bus fits 80 columns, and shows rates and who is to be looked at', () => {
  service.setState('ready')
  const before = scope.statistics()
  for (let count = 0; count < 4; count += 1) {
    scope.send(createEnvelope({ from: 'scope', to: 'tieto', type: 'query', payload: 'x'.repeat(12_000) }))
  }
  const view = { ...compare(scope.statistics(), before), seconds: 2 }
  const lines = showBus(view)
  assert.ok(lines.every((line) => line.length <= 80))
  assert.match(lines[0] ?? '', /^! tieto does not read: its inbox is 7\d % full\.$/)
  assert.ok(lines.some((line) => /^! tieto +ready +- +0 +0 +7\d %/.test(line)))
  assert.ok(lines.some((line) => /^scope +attached +- +2\.0 +0 +0 %/.test(line)))
  assert.match(showHead(view.since), /^2 of \d+ members, 0 topics, \d\.\d MiB, nothing is sealed$/)
})

test('on a narrow screen whole columns and no words are left out', () => {
  const now = scope.statistics()
  const sentence = 'tieto does not read: its inbox is 71 % full, and has been so for the last ten seconds.'
  const troubles = [{ kind: 'full', sentence, member: 'tieto@1.1' } as const]
  const since = { ...now, members: now.members.map((member) => ({ ...member, name: 'conversation-12' })) }
  for (const width of [60, 70, 80, 200]) {
    const lines = showBus({ now, since, seconds: 1, troubles } as unknown as BusView, width)
    const cut = lines.filter((line) => line.length > width || line.includes('…'))
    assert.deepEqual(cut, [])
    assert.match(lines.join(' ').replaceAll(/ +/g, ' '), /! tieto does not read: .* the last ten seconds\./)
    const [members = ''] = lines.filter((line) => line.startsWith('MEMBER'))
    assert.equal(members.includes('RUNS'), width >= 80)
    assert.match(members, /STATE .*INBOX/)
  }
})

test('what does not fit beside the title stands below it', () => {
  assert.deepEqual(titleLines('bus', '3 members', 20), ['bus   3 members', ''])
  assert.deepEqual(titleLines('bus', '3 members', 10), ['bus', '3 members'])
  assert.deepEqual(wrap('one two three', 8), ['one two', '  three'])
  assert.deepEqual(wrap('a-word-that-is-long and', 8), ['a-word-that-is-long', '  and'])
})

test('a bus on which all is well says so', () => {
  const quiet = scope.statistics()
  const [first] = showBus({ now: quiet, since: { ...quiet, members: [] }, seconds: 1, troubles: [] })
  assert.equal(first, 'Nothing to look at: nobody is slow, silent or behind.')
})

test('a tap shows what passes its filter, by name, address, operation, type or trace', () => {
  for (const filter of [{ from: 'cli' }, { from: 'cli@2.1' }, { to: 'tieto' }, { trace: '01890a5d' }]) {
    assert.ok(passes(filter, sent))
  }
  for (const filter of [
    { from: 'cl' },
    { to: 'cli' },
    { type: 'event' },
    { operation: 'add' },
    { trace: 'ff' },
  ]) {
    assert.ok(!passes(filter, sent))
  }
  const tap = createTap({ to: 'tieto' })
  tap.hear(sent)
  tap.hear({ ...sent, to: 'snarf' })
  const lines = tap.lines(10, 80)
  assert.equal(lines.length, 1)
  assert.match(lines[0] ?? '', /cli → tieto +query search, 1200 B, sealed, trace …9a8057$/)
  assert.match(tap.lines(10, 60)[0] ?? '', / cli → tieto {8}query search, 1200 B, sealed/)
})

test('a trace that can be none is refused', () => {
  assert.equal(checkTrace('01890a5d'), '01890a5d')
  for (const trace of ['x', '018', 'a trace']) assert.throws(() => checkTrace(trace), { code: 'BAD_INPUT' })
})

test('the newest trace is shown first, and earlier ones on demand', () => {
  const traces = createTraces(undefined)
  traces.hear({ ...sent, call: 'a' })
  traces.hear({ ...sent, call: 'b', trace: '01890a5d-ac96-774b-bcce-000000000000' })
  traces.hear({ ...sent, type: 'heartbeat', trace: 'none' })
  assert.match(traces.lines(0)[1] ?? '', /000000000000/)
  assert.match(traces.lines(1)[1] ?? '', /b302099a8057/)
  assert.match(traces.lines(99)[0] ?? '', /^Trace 1 of 2/)
  assert.equal(traces.takeQuiet(sent.at).length, 0)
  assert.equal(traces.takeQuiet(sent.at + 10_000).length, 2)
})

test('a look at the traffic hears what others send, and leaves nothing behind', async () => {
  const heard = new Promise<RecordedMessage>((resolve) => {
    const end = scope.lookOn((message) => {
      end()
      resolve(message)
    })
  })
  service.topic('progress', { lossless: true }).publish(Buffer.from('half of it'))
  const { from, to, topic, sizeBytes } = await heard
  assert.deepEqual(
    { from, to, topic, sizeBytes },
    { from: 'tieto', to: 'progress', topic: true, sizeBytes: 10 },
  )
})

test('an observer hears a lossless topic, and no producer waits for it', async () => {
  const topic = service.topic('steady', { lossless: true, capacityBytes: 4_096 })
  let heard = 0
  let lost = 0
  const observation = scope.observe('steady', {}, () => {
    heard += 1
  })
  // Many times what the topic holds, in one turn: a consumer would have made the producer wait.
  const sentCount = 500
  for (let count = 0; count < sentCount; count += 1) topic.publish(Buffer.alloc(64))
  while (heard === 0) await new Promise((resolve) => setTimeout(resolve, 5))
  lost = observation.lost
  observation.end()
  assert.equal(heard + lost, sentCount)
  assert.throws(() => scope.observe('nothing', {}, () => {}), { code: 'BAD_INPUT' })
})

test('figures are short, and tables keep their width', () => {
  assert.deepEqual([undefined, 0.4, 320, 1_250, 27_000, 3_400_000].map(formatMicros), [
    '-',
    '0 µs',
    '320 µs',
    '1.3 ms',
    '27 ms',
    '3.4 s',
  ])
  assert.deepEqual(
    [0, 1, 250, 12_000, 5e6].map((count) => formatRate(count, 20)),
    ['0', '<0.1', '13', '600', '250k'],
  )
  const columns = [
    { title: 'NAME', width: 5 },
    { title: 'N', width: 3, numeric: true },
  ]
  assert.deepEqual(layOutTable(columns, [['conversation', '7']]), ['NAME    N', 'conv…   7'])
})
