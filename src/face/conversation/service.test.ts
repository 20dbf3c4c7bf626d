import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import { listen } from '#kernel/service'
import { type CompletionItem, conversationContract, RunaError, type Setting, type TurnItem } from '#protocol'
import {
  all,
  type Behaviour,
  createHome,
  END,
  MODEL,
  openConversation,
  START,
  say,
  sayAndFail,
  text,
  WHALE,
} from './fixture.ts'

let home: string
let remove: () => Promise<void>
beforeEach(async () => {
  ;({ home, remove } = await createHome())
})
afterEach(() => remove())

const open = (behaviour: Behaviour = {}) => openConversation(home, behaviour)

function turnIn(items: readonly TurnItem[]) {
  const last = items.at(-1)
  assert.ok(last?.kind === 'end')
  return last.turn
}

function threadIn(items: readonly TurnItem[]): string {
  const [first] = items
  assert.ok(first?.kind === 'start' && first.thread)
  return first.thread
}

test('an answer streams, cites its passage, and is in the memory when its end is sent', async () => {
  const complete = () => say(START, text('They dive'), text(' [1].'), END)
  const { client, requests } = await open({ complete })
  const items = await all(client.turn({ question: 'Do whales dive?', topics: ['sea'] }))
  assert.deepEqual(
    items.map(({ kind }) => kind),
    ['start', 'passages', 'text', 'text', 'end'],
  )
  const turn = turnIn(items)
  assert.equal(turn.answer, 'They dive [1].')
  assert.deepEqual(turn.citations, [
    {
      ...{ number: 1, topic: 'sea', document: 'whales.md', start: 7, end: 19 },
      title: 'Whales',
      source: '/sea/whales.md',
      text: 'Whales dive.',
    },
  ])
  assert.match(requests[0]?.messages[0]?.content ?? '', /^Be kind\.[\s\S]*\[1\] Whales\nWhales dive\.$/)
  assert.equal(requests[0]?.sampling.temperature, 0)

  const later = await open()
  const { thread, turns } = await later.client.thread({ id: threadIn(items) })
  assert.deepEqual([thread.title, turns], ['Do whales dive?', [turn]])
  const record = await later.client.answer({ id: turn.id })
  assert.deepEqual(
    record.prompt.map(({ origin }) => origin),
    ['persona default', 'passages', 'question'],
  )
  assert.deepEqual([record.model, record.passages.length, record.usage.promptTokens], [MODEL, 1, 5])
})

test('a thread remembers what was said, and is announced', async () => {
  const { client, requests, callerSide } = await open()
  const heard: string[] = []
  listen(conversationContract, callerSide, { threadChanged: ({ id }) => heard.push(id) })
  const thread = threadIn(await all(client.turn({ question: 'One?' })))
  await all(client.turn({ question: 'Two?', thread }))
  assert.deepEqual(
    requests[1]?.messages.slice(1).map(({ content }) => content),
    ['One?', 'So.', 'Two?'],
  )
  assert.deepEqual(heard, [thread, thread])
  assert.equal((await client.threads({})).threads[0]?.turns, 2)
  await client.removeThread({ id: thread })
  await assert.rejects(client.thread({ id: thread }), { code: 'THREAD_UNKNOWN' })
})

test('documents are searched only where topics are asked for or the persona names them', async () => {
  const { client, searches } = await open()
  await all(client.turn({ question: 'Why?' }))
  assert.deepEqual(searches, [])
  await all(client.turn({ question: 'Why?', topics: ['sea', 'sky'] }))
  await all(client.turn({ question: 'Why?', persona: 'reader' }))
  assert.deepEqual(searches, [
    ['sea', 'sky'],
    ['gone', 'sea'],
  ])
})

test('what does not match is not given to the engine', async () => {
  const { client, requests } = await open({ search: async () => ({ passages: [WHALE], match: false }) })
  const items = await all(client.turn({ question: 'Who won?', topics: ['sea'] }))
  assert.deepEqual(items[1], { kind: 'passages', passages: [], match: false })
  assert.deepEqual(requests[0]?.passages, [])
  assert.match(requests[0]?.messages[0]?.content ?? '', /nothing in them fits/)
})

test('documents that cannot be searched cost the sources, not the answer, and the record says so', async () => {
  const { client } = await open({ search: () => Promise.reject(new Error('broken')) })
  const turn = turnIn(await all(client.turn({ question: 'Why?', topics: ['sea'] })))
  assert.equal(turn.answer, 'So.')
  assert.deepEqual(
    turn.notices.map(({ kind }) => kind),
    ['search-failed'],
  )
})

test('a topic that does not exist is an error where a person named it, and passed over where a persona did', async () => {
  const search: Behaviour['search'] = async ({ topics }) => {
    if (topics.includes('gone')) throw new RunaError('TOPIC_UNKNOWN')
    return { passages: [WHALE], match: true }
  }
  const { client, searches } = await open({ search, topics: ['sea', 'sky'] })
  await assert.rejects(all(client.turn({ question: 'Why?', topics: ['gone'] })), { code: 'TOPIC_UNKNOWN' })
  const turn = turnIn(await all(client.turn({ question: 'Why?', persona: 'reader' })))
  assert.deepEqual(turn.notices, [])
  assert.deepEqual(searches, [['gone'], ['gone', 'sea'], ['sea']])
})

test('bad input changes nothing', async () => {
  const complete = () => sayAndFail(new RunaError('MODEL_UNKNOWN'))
  const { client, settled, memory } = await open({ complete })
  const wrong = [
    [{ question: '   ' }, 'BAD_INPUT'],
    [{ question: 'Why?', persona: 'nobody' }, 'PERSONA_UNKNOWN'],
    [{ question: 'Why?', thread: '018f0000-0000-7000-8000-000000000000' }, 'THREAD_UNKNOWN'],
    [{ question: 'Why?', model: 'none' }, 'MODEL_UNKNOWN'],
  ] as const
  for (const [input, code] of wrong) await assert.rejects(all(client.turn(input)), { code })
  const backwards = { messages: [{ role: 'assistant' as const, content: 'Hello' }] }
  await assert.rejects(all(client.complete(backwards)), { code: 'BAD_INPUT' })
  await settled()
  assert.deepEqual((await client.threads({})).threads, [])
  assert.deepEqual(memory.kept, [])
})

test('who keeps the history gets an answer that is kept nowhere, under a prompt of their own', async () => {
  const { client, requests, memory } = await open()
  const messages = [
    { role: 'system' as const, content: 'Be a pirate.' },
    { role: 'user' as const, content: 'Hi' },
    { role: 'assistant' as const, content: 'Arr' },
    { role: 'user' as const, content: 'Why?' },
  ]
  const items = await all(client.complete({ messages }))
  assert.deepEqual(requests[0]?.messages, messages)
  assert.deepEqual([items[0]?.kind === 'start' && items[0].thread, turnIn(items).answer], [null, 'So.'])
  await all(client.complete({ messages, persona: 'reader' }))
  assert.match(requests[1]?.messages[0]?.content ?? '', /^Read closely\.\n\nBe a pirate\.\n\n/)
  assert.deepEqual(memory.kept, [])
  await assert.rejects(client.answer({ id: turnIn(items).id }), { code: 'ANSWER_UNKNOWN' })
})

test('a turn without an answer is kept, but not read again', async () => {
  const silent = await open({ complete: () => say(START, END) })
  const first = await all(silent.client.turn({ question: 'One?' }))
  const { client, requests } = await open()
  await all(client.turn({ question: 'Two?', thread: threadIn(first) }))
  assert.deepEqual(
    requests[0]?.messages.map(({ content }) => content),
    ['Be kind.', 'Two?'],
  )
  assert.equal((await client.thread({ id: threadIn(first) })).turns[0]?.question, 'One?')
})

test('what the engine counts as too long is tried with less, openly; a question alone is not cut', async () => {
  const history = Array.from({ length: 8 }, (_, index) => {
    return {
      role: index % 2 === 0 ? ('user' as const) : ('assistant' as const),
      content: 'word '.repeat(200),
    }
  })
  const messages = [...history, { role: 'user' as const, content: 'Why?' }]
  const small = await open({
    complete: ({ messages: sent }) =>
      sent.length > 4 ? sayAndFail(new RunaError('CONTEXT_FULL')) : say(START, text('So.'), END),
  })
  const turn = turnIn(await all(small.client.complete({ messages })))
  assert.deepEqual([turn.answer, turn.notices.map(({ kind }) => kind)], ['So.', ['history-shortened']])
  assert.equal(small.requests.at(-1)?.messages.at(-1)?.content, 'Why?')

  const tiny = await open({ complete: () => sayAndFail(new RunaError('CONTEXT_FULL')) })
  await assert.rejects(all(tiny.client.complete({ messages })), { code: 'CONTEXT_FULL' })
})

test('a long thread is listed in pieces, the newest first', async () => {
  const { client } = await open({ complete: () => say(START, text('word '.repeat(40_000)), END) })
  const thread = threadIn(await all(client.turn({ question: 'One?' })))
  for (const question of ['Two?', 'Three?']) await all(client.turn({ question, thread }))
  const newest = await client.thread({ id: thread })
  assert.deepEqual([newest.turns.map(({ question }) => question), newest.omitted], [['Two?', 'Three?'], 1])
  const older = await client.thread({ id: thread, before: newest.turns[0]?.id })
  assert.deepEqual([older.turns.map(({ question }) => question), older.omitted], [['One?'], 0])
})

test('a person is answered as they like it, and the record says why', async () => {
  const setting: Setting = {
    ...({ dimension: 'length', level: 'short', source: 'explicit', locked: false } as const),
    reason: 'You asked for it in this message.',
  }
  const heard: string[] = []
  const { client, requests } = await open({
    snarf: {
      plan: async ({ message }) => ({
        ...{
          mode: 'focus',
          settings: [setting],
          instruction: `After: ${message}`,
          sampling: { temperature: 0.4 },
        },
      }),
      async observe({ message }) {
        heard.push(message)
        return { changed: ['length'], counted: false }
      },
    },
  })
  const turn = turnIn(await all(client.turn({ question: 'Shorter, please' })))
  assert.deepEqual(heard, ['Shorter, please'], 'it is kept before the end of its turn is told')
  assert.equal(requests[0]?.messages[0]?.content, 'Be kind.\n\nAfter: Shorter, please')
  assert.equal(requests[0]?.sampling.temperature, 0.4)
  const record = await client.answer({ id: turn.id })
  assert.deepEqual(record.manner, { mode: 'focus', settings: [setting] })
  assert.deepEqual(
    record.prompt.map(({ origin }) => origin),
    ['persona default', 'manner', 'question'],
  )
  await all(client.turn({ question: 'Why?', sampling: { temperature: 1 } }))
  assert.equal(requests[1]?.sampling.temperature, 1, 'who names a temperature gets it')
})

test('a program is neither heard nor answered in the manner of a person', async () => {
  const { client, requests } = await open({
    snarf: {
      plan: () => Promise.reject(new Error('must not be asked')),
      observe: () => Promise.reject(new Error('must not be told')),
    },
  })
  const turn = turnIn(
    await all(client.complete({ messages: [{ role: 'user', content: 'Shorter, please' }] })),
  )
  assert.deepEqual(turn.notices, [])
  assert.equal(requests[0]?.messages[0]?.content, 'Be kind.')
})

test('a manner that cannot be had in time costs the manner, not the answer', async () => {
  const { client, requests } = await open({
    snarf: {
      plan: (_, { signal }) =>
        new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
      observe: () => Promise.reject(new RunaError('DISK_FULL')),
    },
  })
  const turn = turnIn(await all(client.turn({ question: 'Why?' })))
  assert.deepEqual(
    [turn.answer, turn.notices.map(({ kind }) => kind)],
    ['So.', ['manner-failed', 'manner-failed']],
  )
  assert.equal(requests[0]?.messages[0]?.content, 'Be kind.')
})

test('after plain words of self-harm a thread goes on in calm words', async () => {
  const crises: boolean[] = []
  const verdict: CompletionItem = {
    kind: 'verdict',
    verdict: {
      ...{ policy: 'default', policyHash: 'h', rule: 'r', dimension: 'self-harm', action: 'block' },
      ...{ direction: 'input', start: 0, end: 1 },
    },
  }
  const { client } = await open({
    complete: () => say(START, verdict, text('You matter.'), END),
    snarf: {
      async plan({ crisis }) {
        crises.push(crisis)
        return { mode: 'default', settings: [], instruction: '', sampling: {} }
      },
    },
  })
  const thread = threadIn(await all(client.turn({ question: 'One.' })))
  await all(client.turn({ question: 'Two.', thread }))
  await all(client.turn({ question: 'Elsewhere.' }))
  assert.deepEqual(crises, [false, true, false])
})
