import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import * as z from 'zod'
import { createKey } from '#kernel/seal'
import { attachBus, createBus, type Seals, type WordsKeys } from '#kernel/splinter'
import { createEnvelope, defineContract, type Envelope, type Handlers, RunaError, sensitive } from '#protocol'
import { createBusTransport } from './bus-transport.ts'
import { call, listen } from './call.ts'
import { serve } from './serve.ts'
import type { Transport } from './transport.ts'

const SENTENCE = 'the heron at the mill pond'
const text = sensitive(z.string())

const diaryContract = defineContract({
  name: 'diary',
  version: 1,
  operations: {
    write: {
      input: z.object({ text }),
      output: z.object({ text }),
      errors: ['DOCUMENT_UNKNOWN'],
      limits: { timeoutMs: 20_000, runningMax: 8 },
    },
    read: {
      input: z.object({ times: z.number() }),
      item: z.object({ text }),
      windowItems: 4,
      errors: [],
      limits: { timeoutMs: 20_000, runningMax: 8 },
    },
    count: {
      input: z.object({}),
      output: z.object({ pages: z.number() }),
      errors: [],
      limits: { timeoutMs: 20_000, runningMax: 8 },
    },
  },
  events: { written: z.object({ text }), closed: z.object({ pages: z.number() }) },
})

const handlers: Handlers<typeof diaryContract> = {
  async write({ text: written }) {
    if (written === '') throw new RunaError('DOCUMENT_UNKNOWN', `There is nothing like '${SENTENCE}'.`)
    return { text: `${SENTENCE}, ${written}` }
  },
  async *read({ times }) {
    for (let count = 0; count < times; count += 1) yield { text: SENTENCE }
  },
  count: async () => ({ pages: 7 }),
}

const folder = mkdtempSync('/dev/shm/runa-sealed-calls-test-')
const ways: Transport[] = []
const words: WordsKeys = new Map([['diary', createKey()]])
let buses = 0
after(() => {
  for (const way of ways) way.close()
  rmSync(folder, { recursive: true })
})

/** A bus with a diary that is served, and a scan of its memory. */
function newDiary(seals: Seals) {
  buses += 1
  const path = join(folder, String(buses), 'bus')
  createBus({ path, sizeBytes: 8 * 2 ** 20, seals })
  const seat = (name: string, keys: WordsKeys = seals === 'nothing' ? new Map() : words) => {
    const way = createBusTransport(attachBus(path, { name, words: keys }))
    ways.push(way)
    return way
  }
  const service = serve(diaryContract, handlers, seat('diary'))
  const isSeen = () => readFileSync(path).includes(SENTENCE)
  return { seat, service, isSeen }
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(1)
}

for (const seals of ['words', 'nothing'] as const) {
  const outcome =
    seals === 'words' ? 'in no part of the memory' : 'in the memory where sealing is switched off'
  test(`what is asked, answered, streamed, told and refused stands ${outcome}`, async () => {
    const seen: Record<string, boolean> = {}
    for (const way of ['question', 'answer', 'items', 'error', 'event']) {
      const { seat, service, isSeen } = newDiary(seals)
      const caller = seat('cli')
      const diary = call(diaryContract, caller)
      const heard: string[] = []
      const endListening = listen(diaryContract, caller, { written: (event) => heard.push(event.text) })
      if (way === 'question') assert.ok((await diary.write({ text: `${SENTENCE}!` })).text.endsWith('!'))
      if (way === 'answer')
        assert.equal((await diary.write({ text: 'at dusk' })).text, `${SENTENCE}, at dusk`)
      if (way === 'items')
        for await (const item of diary.read({ times: 9 })) assert.equal(item.text, SENTENCE)
      if (way === 'error') await assert.rejects(diary.write({ text: '' }), { code: 'DOCUMENT_UNKNOWN' })
      if (way === 'event') {
        service.emit('written', { text: SENTENCE })
        await until(() => heard.length > 0)
        assert.deepEqual(heard, [SENTENCE])
      }
      seen[way] = isSeen()
      endListening()
    }
    const expected = seals === 'nothing'
    assert.deepEqual(
      Object.entries(seen).filter(([, isSeen]) => isSeen !== expected),
      [],
    )
  })
}

test('without the key nothing leaves, and what carries no words works as ever', async () => {
  const { seat, service, isSeen } = newDiary('words')
  const stranger = seat('stranger', new Map())
  const diary = call(diaryContract, stranger)
  await assert.rejects(diary.write({ text: SENTENCE }), { code: 'BUS_KEY_MISSING' })
  await assert.rejects(diary.read({ times: 1 }).next(), { code: 'BUS_KEY_MISSING' })
  assert.deepEqual(await diary.count({}), { pages: 7 })
  const heard: string[] = []
  listen(diaryContract, stranger, {
    written: () => heard.push('written'),
    closed: () => heard.push('closed'),
  })
  service.emit('written', { text: SENTENCE })
  service.emit('closed', { pages: 1 })
  await until(() => heard.length > 0)
  assert.deepEqual(heard, ['closed'])
  assert.ok(!isSeen())
})

test('what comes in clear though it should be sealed is heard by neither side', async () => {
  const { seat } = newDiary('words')
  const [caller, stranger] = [seat('cli'), seat('stranger', new Map())]
  const heard: Envelope[] = []
  stranger.listen((envelope) => heard.push(envelope))
  const question = { from: stranger.address, to: 'diary', type: 'query', operation: 'write' } as const
  stranger.send(createEnvelope({ ...question, payload: { text: 'forged' } }))
  // Messages to one service keep their order: with this answer, the forged question has been passed over.
  stranger.send(createEnvelope({ ...question, operation: 'count', payload: {} }))
  await until(() => heard.length > 0)
  assert.deepEqual(
    heard.map(({ operation }) => operation),
    ['count'],
  )

  const forged = { from: 'diary', to: caller.address, type: 'response', operation: 'write' } as const
  const spied: Transport = {
    ...caller,
    send(query) {
      stranger.send(createEnvelope({ ...forged, call: query.call, payload: { text: 'forged' } }))
      caller.send(query)
    },
  }
  assert.equal((await call(diaryContract, spied).write({ text: 'mine' })).text, `${SENTENCE}, mine`)
})

test('an answer that is put before its caller again is passed over', async () => {
  const { seat } = newDiary('words')
  const caller = seat('cli')
  const answers: Envelope[] = []
  const doubled: Transport = {
    ...caller,
    listen: (listener) =>
      caller.listen((envelope) => {
        answers.push(envelope)
        for (const each of answers) listener(each)
      }),
  }
  let count = 0
  for await (const item of call(diaryContract, doubled).read({ times: 20 })) {
    assert.equal(item.text, SENTENCE)
    count += 1
  }
  assert.equal(count, 20)
})
