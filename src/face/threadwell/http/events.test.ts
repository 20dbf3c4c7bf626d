import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LIMITS } from '../limits.ts'
import { createEvents } from './events.ts'

const request = () => new Request('http://127.0.0.1/api/events')

async function read(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<string> {
  const { value } = await reader.read()
  return Buffer.from(value ?? []).toString()
}

function open(events: ReturnType<typeof createEvents>) {
  const reader = events.open(request()).body?.getReader()
  assert.ok(reader)
  return reader
}

test('every open stream hears of a change', async () => {
  const events = createEvents()
  const readers = [open(events), open(events)]
  for (const reader of readers) assert.equal(await read(reader), 'event: hello\ndata: {}\n\n')
  events.announce('board', { board: 'a', version: 2 })
  for (const reader of readers)
    assert.equal(await read(reader), 'event: board\ndata: {"board":"a","version":2}\n\n')
  events.close()
})

test('a reader that is far behind is let go, so that it asks for everything again', async () => {
  const events = createEvents()
  const reader = open(events)
  await read(reader)
  for (let thread = 0; thread <= LIMITS.newsWaitingMax; thread += 1) {
    events.announce('threads', { thread }, `threads ${thread}`)
  }
  while (!(await reader.read()).done);
})

test('what waits for a slow reader falls together, so that it never grows', async () => {
  const events = createEvents()
  const reader = open(events)
  await read(reader)
  for (let version = 1; version <= 1_000; version += 1) events.announce('board', { version }, 'board a')
  events.announce('threads', {})
  const heard: string[] = []
  while (!heard.at(-1)?.includes('threads')) heard.push(await read(reader))
  assert.ok(heard.length <= 3 && heard.some((text) => text.includes('"version":1000')), heard.join(''))
  events.close()
})

test('a silent stream says that it is still there', async () => {
  const events = createEvents(1)
  const reader = open(events)
  await read(reader)
  assert.equal(await read(reader), ': still here\n\n')
  events.close()
})

test('there are only so many streams, and one that is left makes room', async () => {
  const events = createEvents()
  const readers = Array.from({ length: LIMITS.eventStreamsMax }, () => open(events))
  for (const reader of readers) await read(reader)
  assert.throws(() => events.open(request()), { code: 'BUSY' })
  await readers[0]?.cancel()
  await new Promise(setImmediate)
  assert.equal(await read(open(events)), 'event: hello\ndata: {}\n\n')
  events.close()
})

test('a close ends every stream', async () => {
  const events = createEvents()
  const reader = open(events)
  await read(reader)
  events.close()
  assert.equal((await reader.read()).done, true)
})
