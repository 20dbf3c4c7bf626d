import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { attachBus, type Bus, createBus } from '#kernel/splinter'
import { createEnvelope } from '#protocol'
import type { Entry } from './entries.ts'
import { type Damage, type RecorderOptions, readRecord, recordBus } from './recorder.ts'

const root = mkdtempSync('/dev/shm/runa-recorder-test-')
const seats: Bus[] = []
after(() => {
  for (const bus of seats) bus.close()
  rmSync(root, { recursive: true })
})
let buses = 0

function newBus(): (name: string) => Bus {
  buses += 1
  const path = join(root, `bus-${buses}`, 'bus')
  createBus({ path, sizeBytes: 8 * 2 ** 20, inboxBytes: 65_536 })
  return (name) => {
    const bus = attachBus(path, { name })
    seats.push(bus)
    return bus
  }
}

type Work = () => Promise<void> | void

/** Records while `work` runs, and returns what was written down. */
async function recordWhile(bus: Bus, work: Work, options: Partial<RecorderOptions> = {}) {
  const folder = join(root, `record-${buses}`)
  const stopping = new AbortController()
  let hasBegun = () => {}
  const begun = new Promise<void>((resolve) => {
    hasBegun = resolve
  })
  const ended = recordBus(bus, folder, { onProgress: hasBegun, ...options, signal: stopping.signal })
  await begun
  await work()
  stopping.abort()
  await ended
  const entries: (Entry | Damage)[] = []
  for await (const entry of readRecord(folder)) entries.push(entry)
  return entries
}

function messagesIn(entries: readonly (Entry | Damage)[]) {
  return entries.filter((entry) => entry.kind === 'message')
}

test('who sent what to whom is written down, and nothing of what it says', async () => {
  const seat = newBus()
  const [recorder, caller, service] = [seat('recorder'), seat('cli'), seat('tieto')]
  service.setState('ready')
  const query = createEnvelope({
    ...{ from: caller.address, to: 'tieto', type: 'query', operation: 'search' },
    payload: { text: 'the white whale' },
  })
  const entries = await recordWhile(recorder, () => {
    caller.send(query)
    caller.topic('progress').publish(Buffer.from('half of it'))
  })
  const [begin, sent, published, end] = entries
  assert.deepEqual([begin?.kind, end?.kind, entries.length], ['begin', 'end', 4])
  assert.ok(sent?.kind === 'message' && published?.kind === 'message')
  const { at, from, to, type, operation, trace, call, sealed } = sent
  const { sentAt } = query
  assert.deepEqual(
    { at, from, to, type, operation, trace, call, sealed },
    {
      ...{ at: sentAt, from: caller.address, to: 'tieto', type: 'query', operation: 'search' },
      ...{ trace: query.trace, call: query.call, sealed: false },
    },
  )
  assert.deepEqual(
    [published.from, published.to, published.topic, published.sizeBytes],
    ['cli', 'progress', true, 10],
  )
  assert.doesNotMatch(JSON.stringify(entries), /whale|half/)
})

test('an envelope that waited for room is written down once', async () => {
  const seat = newBus()
  const [recorder, caller, service] = [seat('recorder'), seat('cli'), seat('tieto')]
  service.setState('ready')
  const query = () =>
    createEnvelope({
      ...{ from: caller.address, to: 'tieto', type: 'query', operation: 'search' },
      payload: { text: 'x'.repeat(8_000) },
    })
  const waiting = query()
  const entries = await recordWhile(recorder, async () => {
    assert.throws(
      () => {
        for (;;) caller.send(query())
      },
      { code: 'BUS_BACKPRESSURE' },
    )
    await caller.sendWhenFree(waiting)
  })
  const ofWaiting = messagesIn(entries).filter(({ call }) => call === waiting.call)
  assert.deepEqual(
    ofWaiting.map(({ refused }) => refused),
    [undefined],
  )
})

test('nothing is written down before a recorder came, or after it went', async () => {
  const seat = newBus()
  const [recorder, caller] = [seat('recorder'), seat('cli')]
  const send = () =>
    caller.send(createEnvelope({ from: 'cli', to: '*', type: 'event', operation: 'changed' }))
  send()
  const entries = await recordWhile(recorder, send)
  send()
  assert.equal(messagesIn(entries).length, 1)
  assert.ok(
    caller.statistics().topics.every(({ name, total }) => name !== '$record' || total.sentMessages === 1),
  )
})

test('what a recorder could not take is counted: every message is written down, or missed', async () => {
  const seat = newBus()
  const [recorder, caller] = [seat('recorder'), seat('cli')]
  const sent = 20_000
  const entries = await recordWhile(recorder, () => {
    // All in one turn, so that the recorder gets none while they are sent.
    for (let count = 0; count < sent; count += 1) caller.topic('progress').publish(Buffer.alloc(1))
  })
  const missed = entries.reduce((sum, entry) => (entry.kind === 'missed' ? sum + entry.count : sum), 0)
  assert.ok(missed > 0)
  assert.equal(messagesIn(entries).length + missed, sent)
})

test('a strict recorder refuses what it cannot write down', async () => {
  const seat = newBus()
  const [recorder, caller] = [seat('recorder'), seat('cli')]
  let sent = 0
  const entries = await recordWhile(
    recorder,
    () => {
      assert.throws(
        () => {
          for (; sent < 20_000; sent += 1) caller.topic('progress').publish(Buffer.alloc(1))
        },
        { code: 'BUS_BACKPRESSURE', message: /recorder/ },
      )
    },
    { strict: true },
  )
  assert.equal(messagesIn(entries).length, sent)
  assert.ok(entries.every(({ kind }) => kind !== 'missed'))
})

test('a second recorder is refused, and one that was killed holds nobody up', async () => {
  const seat = newBus()
  const [first, second, caller] = [seat('recorder'), seat('recorder'), seat('cli')]
  await recordWhile(first, async () => {
    await assert.rejects(recordBus(second, join(root, 'second'), { signal: AbortSignal.abort() }), {
      code: 'BUSY',
    })
  })
  const keep = async () => {}
  seat('recorder').record({ keep })
  seats.at(-1)?.close()
  const entries = await recordWhile(second, () => caller.topic('progress').publish(Buffer.alloc(1)))
  assert.ok(messagesIn(entries).length > 0)
})
