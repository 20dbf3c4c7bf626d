import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import { createUuidV7, RunaError, type TurnItem } from '#protocol'
import { all, type Behaviour, createHome, END, openConversation, START, say, text } from '../fixture.ts'

// What a conversation remembers, and what it does not.

let home: string
let remove: () => Promise<void>
beforeEach(async () => {
  ;({ home, remove } = await createHome())
})
afterEach(() => remove())

const open = (behaviour: Behaviour = {}) => openConversation(home, behaviour)

function ended(items: readonly TurnItem[]) {
  const [first, last] = [items[0], items.at(-1)]
  assert.ok(first?.kind === 'start' && last?.kind === 'end' && first.thread)
  return { thread: first.thread, turn: last.turn }
}

const hang = (_: unknown, { signal }: { signal: AbortSignal }) =>
  new Promise<never>((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)))

/** A turn of another thread, as the memory keeps and recalls it. */
function earlier(words: string, more: { utterance?: number; marks?: string[]; score?: number } = {}) {
  const { utterance = 0, marks, score = 1 } = more
  const [id, thread] = [createUuidV7(), createUuidV7()]
  const at = Date.UTC(2026, 0, 31, 12)
  const speaker = utterance === 0 ? 'you' : 'default'
  const utterances = [
    { speaker: 'you', text: utterance === 0 ? words : 'Well?' },
    { speaker: 'default', text: utterance === 1 ? words : 'So.' },
  ]
  const turn = { id, thread, at, utterances, ...(marks && { marks }) }
  const recalled = { turn: id, thread, at, utterance, speaker, text: words, score, ...(marks && { marks }) }
  return { turn, recalled, record: undefined, offTheRecord: false }
}

test('what was said in another thread is given to the engine with its day, and named in the record', async () => {
  const { client, requests, memory } = await open()
  const boat = earlier('The boat is green.')
  const weak = earlier('A common word.', { score: 0.1 })
  const dark = earlier('A dark hour.', { marks: ['crisis'] })
  for (const { recalled } of [dark, boat, weak]) memory.recalled.push(recalled)
  memory.kept.push(boat)
  const { turn } = ended(await all(client.turn({ question: 'What colour is it?' })))
  const system = requests[0]?.messages[0]?.content ?? ''
  assert.match(system, /2026-01-31, the person: The boat is green\.$/)
  assert.doesNotMatch(system, /common word|dark hour/)
  const record = await client.answer({ id: turn.id })
  const reference = { turn: boat.turn.id, utterance: 0, start: 0, end: 18 }
  const { thread, at } = boat.turn
  assert.deepEqual(record.memory, { asked: true, used: [{ ...reference, thread, at, score: 1 }] })
  assert.ok(record.budget?.parts.some(({ part, tokens }) => part === 'memory' && tokens > 0))
  const part = record.prompt.find(({ origin }) => origin === 'memory')
  assert.deepEqual(part?.said, [reference])
  assert.ok(part?.text !== undefined && system.endsWith(part.text))
})

test('a record holds no word of another turn, and a turn that is forgotten since is named in it', async () => {
  const { client, memory } = await open()
  const boat = earlier('The boat is green.')
  memory.kept.push(boat)
  memory.recalled.push(boat.recalled)
  const first = ended(await all(client.turn({ question: 'The first question' })))
  const second = ended(await all(client.turn({ question: 'The second', thread: first.thread })))
  const kept = memory.kept.find(({ turn }) => turn.id === second.turn.id)?.record
  assert.doesNotMatch(JSON.stringify(kept), /green|The first question/)

  const whole = await client.answer({ id: second.turn.id })
  assert.deepEqual(
    whole.prompt.slice(-3).map((part) => part.text),
    ['The first question', 'So.', 'The second'],
  )
  assert.deepEqual(whole.forgotten, [])
  memory.kept.splice(0, 2)
  memory.forgotten.add(boat.turn.id).add(first.turn.id)
  const { prompt, forgotten } = await client.answer({ id: second.turn.id })
  assert.deepEqual(forgotten.sort(), [boat.turn.id, first.turn.id].sort())
  assert.deepEqual(
    prompt.slice(-3).map((part) => part.text),
    [undefined, undefined, 'The second'],
  )
  assert.match(prompt.find(({ origin }) => origin === 'memory')?.text ?? '', /\(forgotten\)$/)
})

test('an answer that there is none is marked, so that nobody is reminded of it', async () => {
  const { client, memory } = await open({
    complete: () => say(START, text('I found nothing.'), { ...END, reason: 'no-match' }),
  })
  await all(client.turn({ question: 'Why?' }))
  assert.deepEqual(memory.kept[0]?.turn.marks, ['unanswered'])
})

test('the memory is not asked for a program, off the record, or where a person does not want it', async () => {
  let asked = 0
  const recall = async () => {
    asked += 1
    return { recalled: [] }
  }
  const { client } = await open({ alethia: { recall } })
  await all(client.complete({ messages: [{ role: 'user', content: 'Why?' }] }))
  await all(client.turn({ question: 'Why?', offTheRecord: true }))
  const { thread } = ended(await all(client.turn({ question: 'Why?', memory: false })))
  await all(client.turn({ question: 'And now?', thread }))
  assert.equal(asked, 0, 'it stays switched off in that thread')
  await all(client.turn({ question: 'And now?', thread, memory: true }))
  await all(client.turn({ question: 'And then?', thread }))
  assert.equal(asked, 2)
})

test('in a thread where somebody may be in danger nothing is recalled', async () => {
  const { client, requests, memory } = await open()
  const dark = earlier('I want to end it.', { marks: ['crisis'] })
  memory.kept.push(dark)
  memory.recalled.push(earlier('The boat is green.').recalled)
  await all(client.turn({ question: 'Hello?', thread: dark.turn.thread }))
  assert.doesNotMatch(requests[0]?.messages[0]?.content ?? '', /green/)
})

test('parts that hang cost their part and a notice each, not the answer', async () => {
  const { client } = await open({
    search: hang,
    snarf: { plan: hang },
    alethia: { recall: hang },
    deadlines: { planMs: 20, recallMs: 20, searchMs: 20 },
  })
  const { turn } = ended(await all(client.turn({ question: 'Why?', topics: ['sea'] })))
  assert.equal(turn.answer, 'So.')
  assert.deepEqual(
    turn.notices.map(({ kind }) => kind),
    ['search-failed', 'manner-failed', 'memory-failed'],
  )
})

test('the question is embedded once, and goes to the documents with its vector', async () => {
  const embeddings: unknown[] = []
  const { client } = await open({
    async search({ embedding }) {
      embeddings.push(embedding)
      return { passages: [], match: false }
    },
  })
  await all(client.turn({ question: 'Why?', topics: ['sea'] }))
  assert.deepEqual(embeddings, [{ model: 'test', vector: [1] }])
})

test('off the record nothing is observed, the thread is listed as such, and is gone once it is closed', async () => {
  const heard: string[] = []
  const observe = async ({ message }: { message: string }) => {
    heard.push(message)
    return { changed: [], counted: false }
  }
  const { client, requests, memory } = await open({ snarf: { observe } })
  const { thread, turn } = ended(await all(client.turn({ question: 'Shorter, please', offTheRecord: true })))
  await all(client.turn({ question: 'And again?', thread }))
  assert.deepEqual([heard, turn.notices], [[], []])
  assert.deepEqual(
    requests[1]?.messages.slice(1).map(({ content }) => content),
    ['Shorter, please', 'So.', 'And again?'],
  )
  assert.ok(memory.kept.every(({ offTheRecord }) => offTheRecord))
  assert.equal((await client.threads({})).threads[0]?.offTheRecord, true)
  assert.equal((await client.thread({ id: thread })).turns.length, 2)
  await assert.rejects(all(client.turn({ question: 'Keep it', thread, offTheRecord: false })), {
    code: 'BAD_INPUT',
  })
  await client.closeThread({ id: thread })
  assert.deepEqual((await client.threads({})).threads, [])
  await assert.rejects(client.thread({ id: thread }), { code: 'THREAD_UNKNOWN' })
})

test('a thread on the record cannot be closed either while it is answered, and the answer is kept', async () => {
  const { client, memory } = await open()
  const { thread } = ended(await all(client.turn({ question: 'One?' })))
  const items = client.turn({ question: 'Two?', thread })
  await items.next()
  await assert.rejects(client.closeThread({ id: thread }), { code: 'THREAD_UNKNOWN' })
  await all(items)
  assert.equal(memory.kept.length, 2)
})

test('a thread on the record cannot be closed, nor go on off it', async () => {
  const { client } = await open()
  const { thread } = ended(await all(client.turn({ question: 'One?' })))
  await assert.rejects(client.closeThread({ id: thread }), { code: 'THREAD_UNKNOWN' })
  const hush = all(client.turn({ question: 'Two?', thread, offTheRecord: true }))
  await assert.rejects(hush, { code: 'BAD_INPUT' })
})

test('where nothing can be kept, everything is off the record, and is said to be', async () => {
  const { client, memory } = await open()
  memory.hasDisk = false
  const { turn, thread } = ended(await all(client.turn({ question: 'Why?', offTheRecord: false })))
  assert.deepEqual(
    turn.notices.map(({ kind }) => kind),
    ['not-kept'],
  )
  // It goes on, though it is not what was asked for.
  await all(client.turn({ question: 'And now?', thread, offTheRecord: false }))
  const { threads, faults } = await client.threads({})
  assert.equal(threads[0]?.offTheRecord, true)
  assert.match(faults[0]?.message ?? '', /without coven/)
})

test('a full memory says so before anybody waits for an answer', async () => {
  const { client, memory, requests } = await open()
  memory.isFull = true
  await assert.rejects(all(client.turn({ question: 'Why?' })), { code: 'MEMORY_FULL' })
  assert.deepEqual(requests, [])
  await all(client.turn({ question: 'Why?', offTheRecord: true }))
})

test('a memory that is just being started again costs a pause, and no turn is there twice', async () => {
  let attempts = 0
  const { client, memory } = await open({
    alethia: {
      async remember(input, context) {
        attempts += 1
        // It is on the disk, and the answer to this never comes.
        await memory.handlers.remember?.(input, context)
        if (attempts < 3) throw new RunaError('SERVICE_LOST')
        return {}
      },
    },
  })
  const { turn, thread } = ended(await all(client.turn({ question: 'Why?' })))
  assert.deepEqual([attempts, memory.kept.length], [3, 1])
  assert.equal((await client.thread({ id: thread })).turns[0]?.id, turn.id)
})

test('who reads waits for a memory that is just being started again', async () => {
  const { client, memory } = await open()
  const { thread } = ended(await all(client.turn({ question: 'Why?' })))
  let lost = 4
  const unlessLost = () => {
    if (lost-- > 0) throw new RunaError('SERVICE_LOST')
  }
  const { client: later } = await open({
    alethia: {
      async thread(input, context) {
        unlessLost()
        return (await memory.handlers.thread?.(input, context)) ?? Promise.reject(new Error('gone'))
      },
      async *records(input, context) {
        unlessLost()
        yield* memory.handlers.records?.(input, context) ?? []
      },
    },
  })
  assert.equal((await later.thread({ id: thread })).turns[0]?.question, 'Why?')
  assert.ok(lost < 0)
})

test('a turn that is too large for its record goes without, and is listed with its words', async () => {
  const words = 'x'.repeat(380_000)
  const { client, memory } = await open({ complete: () => say(START, text(words), text(words), END) })
  const { thread, turn } = ended(await all(client.turn({ question: 'Why?' })))
  assert.equal(memory.kept[0]?.record, undefined)
  const [listed] = (await client.thread({ id: thread })).turns
  assert.deepEqual([listed?.id, listed?.question, listed?.answer.length], [turn.id, 'Why?', 760_000])
})

for (const [ending, isFirst] of [
  ['removeThread', false],
  ['closeThread', false],
  ['removeThread', true],
  ['closeThread', true],
] as const) {
  const which = isFirst ? 'first answer' : 'answer'
  test(`${ending} while the thread is answered takes that ${which} with it`, async () => {
    const offTheRecord = ending === 'closeThread'
    let release = () => {}
    const said = new Promise<void>((resolve) => {
      release = resolve
    })
    async function* complete() {
      yield* say(START, text('So'))
      await said
      yield* say(text('.'), END)
    }
    const thread = createUuidV7()
    const asked = { thread, begin: true, offTheRecord }
    if (!isFirst) await all((await open()).client.turn({ question: 'One?', ...asked }))
    const { client, memory } = await open({ complete })
    const items = client.turn({ question: 'Two?', ...asked })
    for (let item = await items.next(); item.value?.kind !== 'text'; ) item = await items.next()
    await client[ending]({ id: thread })
    release()
    await assert.rejects(all(items), { code: 'THREAD_UNKNOWN' })
    assert.deepEqual(memory.kept, [])
  })
}
