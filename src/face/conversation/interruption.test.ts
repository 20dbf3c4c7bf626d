import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { RunaError, type Turn } from '#protocol'
import {
  all,
  type Behaviour,
  createHome,
  END,
  type OpenConversation,
  openConversation,
  START,
  say,
  sayAndFail,
  sayAndHang,
  text,
} from './fixture.ts'

let home: string
let remove: () => Promise<void>
beforeEach(async () => {
  ;({ home, remove } = await createHome())
})
afterEach(() => remove())

const open = (behaviour: Behaviour = {}) => openConversation(home, behaviour)
const hanging: Behaviour = { complete: (_, { signal }) => sayAndHang(signal, START, text('Half a')) }

/** What is on the disk; waits, since a caller is freed before the service has heard that it left. */
async function storedTurns({ client, settled }: OpenConversation): Promise<Turn[]> {
  for (;;) {
    await settled()
    const [thread] = (await client.threads({})).threads
    if (thread) return (await client.thread({ id: thread.id })).turns
    await sleep(1)
  }
}

const said = (turns: readonly Turn[]) => turns.map(({ answer, reason }) => [answer, reason])

test('a stopped answer is kept as far as it went', async () => {
  const conversation = await open(hanging)
  const stopping = new AbortController()
  const reading = (async () => {
    for await (const { kind } of conversation.client.turn(
      { question: 'Why?' },
      { signal: stopping.signal },
    )) {
      if (kind === 'text') stopping.abort()
    }
  })()
  await assert.rejects(reading, { code: 'CANCELLED' })
  assert.deepEqual(said(await storedTurns(conversation)), [['Half a', 'stopped']])
})

test('a question that is stopped before a word was said is kept, with no engine to its name', async () => {
  const conversation = await open({ complete: (_, { signal }) => sayAndHang(signal) })
  const items = conversation.client.turn({ question: 'Why?' })
  await items.next()
  await items.return()
  const [turn] = await storedTurns(conversation)
  assert.deepEqual([turn?.question, turn?.answer, turn?.model.engine], ['Why?', '', 'none'])
})

test('a caller who just goes away has stopped the answer', async () => {
  const conversation = await open(hanging)
  for await (const { kind } of conversation.client.turn({ question: 'Why?' })) if (kind === 'text') break
  assert.deepEqual(said(await storedTurns(conversation)), [['Half a', 'stopped']])
})

test('a service that is stopped keeps what was being said', async () => {
  const { client, service, settled } = await open(hanging)
  const items = client.turn({ question: 'Why?' })
  for (let item = await items.next(); item.value?.kind !== 'text'; ) item = await items.next()
  await Promise.all([service.stop(), assert.rejects(items.next(), { code: 'SERVICE_LOST' })])
  await settled()
  assert.deepEqual(said(await storedTurns(await open())), [['Half a', 'failed']])
})

test('an engine that fails before a word is tried once more', async () => {
  let attempts = 0
  const complete = () =>
    attempts++ === 0 ? sayAndFail(new RunaError('MODEL_FAILED'), START) : say(START, text('So.'), END)
  const { client } = await open({ complete })
  const items = await all(client.turn({ question: 'Why?' }))
  assert.deepEqual(
    items.map(({ kind }) => kind),
    ['start', 'passages', 'text', 'end'],
  )
})

test('an engine that stays broken is told, and nothing is stored', async () => {
  const { client, requests, settled } = await open({
    complete: () => sayAndFail(new RunaError('MODEL_FAILED')),
  })
  await assert.rejects(all(client.turn({ question: 'Why?' })), { code: 'MODEL_FAILED' })
  await settled()
  assert.deepEqual([requests.length, (await client.threads({})).threads], [2, []])
})

test('a service that is back within a moment costs a pause, not the answer', async () => {
  let attempts = 0
  const lost = () => attempts++ < 2
  const { client } = await open({
    complete: () => (lost() ? sayAndFail(new RunaError('SERVICE_LOST')) : say(START, text('So.'), END)),
  })
  assert.equal((await all(client.turn({ question: 'Why?' }))).at(-1)?.kind, 'end')
})

test('an engine that fails in the middle is told, and what it had said is kept', async () => {
  const conversation = await open({
    complete: () => sayAndFail(new RunaError('MODEL_FAILED'), START, text('Half a')),
  })
  await assert.rejects(all(conversation.client.turn({ question: 'Why?' })), { code: 'MODEL_FAILED' })
  assert.deepEqual(said(await storedTurns(conversation)), [['Half a', 'failed']])
})

test('a thread that is being answered refuses a second question', async () => {
  const first = await open()
  await all(first.client.turn({ question: 'One?' }))
  const { client } = await open(hanging)
  const thread = (await client.threads({})).threads[0]?.id
  const items = client.turn({ question: 'Two?', thread })
  await items.next()
  await assert.rejects(all(client.turn({ question: 'Three?', thread })), { code: 'BUSY' })
  await items.return()
})
