import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, beforeEach, test } from 'node:test'
import {
  type CompletionItem,
  type CompletionRequest,
  type Computation,
  createUuidV7,
  type Feedback,
  type ModelUsed,
  RunaError,
  type Setting,
} from '#protocol'
import { all, type Behaviour, createHome, END, MODEL, openConversation, say, text } from '../fixture.ts'

const COMPUTATION: Computation = {
  ...{ build: 'engine 1', cpu: 'x64 haswell', gpu: '', threads: 1, contextTokens: 256, policy: 'p' },
}

let home: string
let remove: () => Promise<void>
/** What the engine that stands in is today. */
let engine: { computation: Computation; model: ModelUsed; tokensDigest: string | undefined; words: string[] }

beforeEach(async () => {
  await remove?.()
  ;({ home, remove } = await createHome())
  engine = { computation: COMPUTATION, model: MODEL, tokensDigest: 't', words: ['Whales ', 'dive [1].'] }
})
after(() => remove())

/** Says its words, and names the seed that it would have drawn. */
function complete({ sampling }: CompletionRequest): AsyncGenerator<CompletionItem> {
  const { model, computation, tokensDigest, words } = engine
  const whole = { temperature: 0.7, ...sampling, seed: sampling.seed ?? 42 }
  const start: CompletionItem = { kind: 'start', model, computation, sampling: whole }
  return say(start, ...words.map(text), { ...END, ...(tokensDigest !== undefined && { tokensDigest }) })
}

async function open(behaviour: Behaviour = {}) {
  const opened = await openConversation(home, { complete, ...behaviour })
  const ask = async (question: string, thread?: string) => {
    const items = await all(opened.client.turn({ question, topics: ['sea'], ...(thread && { thread }) }))
    const [start, end] = [items[0], items.at(-1)]
    assert.ok(start?.kind === 'start' && end?.kind === 'end')
    return { id: end.turn.id, thread: start.thread ?? '' }
  }
  return { ...opened, ask }
}

test('an answer is said again from the same prompt with the seed that was drawn, and is the same', async () => {
  const { client, ask, requests, memory } = await open()
  const { thread } = await ask('Do whales sing?')
  const { id } = await ask('Do whales dive?', thread)
  const replayed = await client.replay({ id })
  assert.deepEqual(
    [replayed.same, replayed.ran, replayed.compared, replayed.differences],
    [true, true, 'tokens', []],
  )
  assert.match(replayed.summary, /^It says the same 2 tokens/)
  const [, asked, again] = requests
  assert.deepEqual(again?.messages, asked?.messages)
  assert.deepEqual(again?.passages, asked?.passages)
  assert.equal(again?.sampling.seed, 42)
  assert.equal(memory.kept.length, 2, 'a replay is no turn')
})

test('a replay that says something else names where, and what has changed', async () => {
  const { client, ask } = await open()
  const { id } = await ask('Do whales dive?')
  engine.words = ['Whales ', 'swim.']
  engine.tokensDigest = 'other'
  const puzzled = await client.replay({ id })
  assert.deepEqual([puzzled.same, puzzled.firstDifferenceAt, puzzled.text], [false, 7, 'Whales swim.'])
  assert.match(puzzled.summary, /Nothing that Runa knows of has changed/)

  engine.computation = { ...COMPUTATION, cpu: 'x64 zen4', policy: '' }
  engine.model = { ...MODEL, digest: 'e' }
  const { differences, summary } = await client.replay({ id })
  assert.deepEqual(
    differences.map(({ what }) => what),
    ['answer', 'model', 'processor', 'policy'],
  )
  assert.match(summary, /x64 haswell, and is x64 zen4 now\. The policies are switched off now\.$/)
})

test('a replay whose model is gone, or that has read what is forgotten, is not made, and says why', async () => {
  const { client, ask, requests } = await open()
  const { thread } = await ask('Do whales sing?')
  const { id } = await ask('Do whales dive?', thread)
  const begun = requests.length
  const { kept, forgotten } = (await open()).memory
  const [first] = kept.splice(0, 1)
  forgotten.add(first?.turn.id ?? '')
  const blind = await client.replay({ id })
  assert.deepEqual([blind.ran, blind.same, blind.compared, blind.text], [false, false, 'nothing', ''])
  assert.deepEqual(
    blind.differences.map(({ what, now }) => [what, now]),
    [['turn', 'TURN_FORGOTTEN']],
  )
  assert.equal(requests.length, begun, 'nothing was asked of the engine')

  const gone = await open({
    complete: () => {
      throw new RunaError('MODEL_UNKNOWN')
    },
  })
  const { id: other } = await (await open()).ask('And now?')
  assert.match(
    (await gone.client.replay({ id: other })).summary,
    /^It cannot be said again\. The model 'small' is gone/,
  )
})

test('what was drawn by lot without a seed that is known is not said again', async () => {
  const { client } = await open({ complete: () => say({ kind: 'start', model: MODEL }, text('So.'), END) })
  const items = await all(client.turn({ question: 'By lot?', sampling: { temperature: 1 } }))
  const end = items.at(-1)
  assert.ok(end?.kind === 'end')
  assert.match((await client.replay({ id: end.turn.id })).summary, /did not write down the seed/)
})

test('of what comes from a server, no promise is made', async () => {
  engine.model = { id: 'far', engine: 'openai', digest: '' }
  engine.tokensDigest = undefined
  const { client, ask } = await open()
  const { id } = await ask('Do whales dive?')
  const replayed = await client.replay({ id })
  assert.deepEqual([replayed.same, replayed.compared], [true, 'text'])
  assert.match(replayed.summary, /the same, letter by letter\. .* cannot promise/)
  engine.words = ['No.']
  assert.match((await client.replay({ id })).summary, /^From character 0 on it says “No\.”.* cannot promise/)
})

test('document, persona and manner of today are compared, and change nothing about the replay', async () => {
  const setting: Setting = {
    ...{ dimension: 'length', level: 'short', source: 'explicit', reason: 'You set it.', locked: false },
  }
  const { client, ask } = await open()
  const { id } = await ask('Do whales dive?')
  await writeFile(join(home, 'default.md'), '---\nname: Test\nsampling: { temperature: 0 }\n---\nBe curt.')
  const today = await open({
    read: async () => ({
      ...{
        topic: 'sea',
        document: 'whales.md',
        start: 7,
        end: 19,
        title: 'Whales',
        source: '',
        sizeBytes: 19,
      },
      ...{ before: '', text: 'Whales swim.', after: '' },
    }),
    snarf: { plan: async () => ({ mode: 'default', settings: [setting], instruction: '', sampling: {} }) },
  })
  const { same, differences } = await today.client.replay({ id })
  assert.equal(same, true)
  assert.deepEqual(
    differences.map(({ what, concerns, sentence }) => [what, concerns, sentence]),
    [
      ['document', 'asking-again', 'whales.md in the topic sea has changed where it was read.'],
      ['persona', 'asking-again', "The persona 'default' is told something else now."],
      ['manner', 'asking-again', "About length it was 'usual', and is 'short' now."],
    ],
  )
  const without = await open({
    read: async () => {
      throw new RunaError('DOCUMENT_UNKNOWN')
    },
  })
  assert.match((await without.client.replay({ id })).differences[0]?.sentence ?? '', /is gone\.$/)
  assert.deepEqual((await client.replay({ id })).differences.length, 1)
})

test('an answer that was stopped is said again as far as it had come', async () => {
  engine.words = ['Whales ', 'dive ', 'deep.']
  const { client } = await open({
    async *complete(request, { signal }) {
      for await (const item of complete(request)) {
        yield item
        if (item.kind === 'text') break
      }
      await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
    },
  })
  const stopping = new AbortController()
  let id = ''
  const items = client.turn({ question: 'Do whales dive?' }, { signal: stopping.signal })
  await assert.rejects(async () => {
    for await (const item of items) {
      if (item.kind === 'start') id = item.answer
      if (item.kind === 'text') stopping.abort()
    }
  })
  const { client: later, memory } = await open()
  while (memory.kept.length === 0) await new Promise((resolve) => setImmediate(resolve))
  const replayed = await later.replay({ id })
  assert.deepEqual([replayed.same, replayed.text, replayed.compared], [true, 'Whales ', 'text'])
  assert.match(replayed.summary, /as far as it had come/)
})

test('why tells of an answer with the words that its settings rest on', async () => {
  const { ask, memory } = await open()
  const wish = await ask('Shorter, please')
  const setting: Setting = {
    ...{ dimension: 'length', level: 'short', source: 'explicit', locked: false, day: 20_454, turn: wish.id },
    reason: 'You asked for it in a message on 2026-01-01.',
  }
  const { ask: askAgain, client } = await open({
    snarf: {
      plan: async () => ({ mode: 'default', settings: [setting], instruction: 'Be short.', sampling: {} }),
    },
  })
  const { id } = await askAgain('Do whales dive?')
  const { groups } = await client.why({ id })
  const manner = groups.find(({ about }) => about === 'manner')
  assert.match(manner?.sentences[0]?.text ?? '', /^How long: short\. .* You said: “Shorter, please”$/)
  assert.ok(groups.some(({ about }) => about === 'read'))
  memory.forgotten.add(id)
  await assert.rejects(client.why({ id }), { code: 'TURN_FORGOTTEN' })
  await assert.rejects(client.why({ id: createUuidV7() }), { code: 'ANSWER_UNKNOWN' })
})

test('feedback keeps what is not named, null takes it back, and off the record there is none', async () => {
  const given: Omit<Feedback, 'at'>[] = []
  const { client: first, ask } = await open()
  const { id } = await ask('Do whales dive?')
  const record = await first.answer({ id })
  const { client } = await open({
    alethia: {
      feedback: async ({ turn, ...feedback }) => {
        assert.equal(turn, id)
        given.push(feedback)
        return {}
      },
      answer: async () => {
        const last = given.at(-1)
        return { record, ...(last && { feedback: { at: 1, ...last } }) }
      },
    },
  })
  const off = await all(first.turn({ question: 'Between us?', offTheRecord: true }))
  const end = off.at(-1)
  assert.ok(end?.kind === 'end')
  await assert.rejects(first.feedback({ answer: end.turn.id, verdict: 'up' }), { code: 'BAD_INPUT' })
  await client.feedback({ answer: id, verdict: 'down' })
  await client.feedback({ answer: id, correction: 'Some do.' })
  const told = await client.feedback({ answer: id, verdict: null })
  assert.deepEqual(given, [
    { verdict: 'down' },
    { verdict: 'down', correction: 'Some do.' },
    { correction: 'Some do.' },
  ])
  assert.deepEqual(told.feedback, { correction: 'Some do.' })
  const shown = await client.answers({ ids: [id] })
  assert.equal(shown.turns[0]?.feedback?.correction, 'Some do.')
})
