import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { type Embedder, loadEmbedder } from '#kernel/embedding'
import type { CompletionItem, NumberedPassage } from '#protocol'
import { createOpenGuard, type Guard } from '../guard.ts'
import { createExtractiveEngine } from './engine.ts'

let embedder: Embedder
before(async () => {
  embedder = await loadEmbedder()
})

const SOURCE = `Café opening hours are posted at the door.

The harbour master keeps the keys of the boat house. He hands them out at noon.

Whales are hunted from small boats. Where do whales sleep?
`

function passageOf(number: number, text: string, score: number): NumberedPassage {
  const start = Buffer.byteLength(SOURCE.slice(0, SOURCE.indexOf(text)))
  const end = start + Buffer.byteLength(text)
  return { topic: 't', document: 'harbour.md', number, title: 'Harbour', start, end, text, score }
}

const PASSAGES = SOURCE.trimEnd()
  .split('\n\n')
  .map((text, index) => passageOf(index + 1, text, 0.8))

async function ask(
  question: string,
  passages = PASSAGES,
  { hasModel = false, guard = createOpenGuard() }: { hasModel?: boolean; guard?: Guard } = {},
) {
  const engine = createExtractiveEngine({
    embedder,
    guard,
    hasModel: () => hasModel,
    suggestion: async () => 'Small Model 1B (0.8 GB)',
  })
  const request = { messages: [{ role: 'user' as const, content: question }], passages, sampling: {} }
  const items: CompletionItem[] = []
  for await (const item of engine.complete(request, new AbortController().signal)) items.push(item)
  const text = items.map((item) => (item.kind === 'text' ? item.text : '')).join('')
  const end = items.at(-1)
  assert.ok(end?.kind === 'end')
  assert.equal(items[0]?.kind, 'start')
  return { items, text, end }
}

test('a question is answered by the sentence that fits, with its number and its very bytes', async () => {
  const { text, end } = await ask('Who keeps the keys of the boat house?')
  assert.match(text, /“The harbour master keeps the keys of the boat house\.” \[2\]/)
  assert.equal(end.reason, 'stop')
  const quote = end.quotes.find(({ number }) => number === 2)
  assert.ok(quote)
  assert.equal(
    Buffer.from(SOURCE).subarray(quote.start, quote.end).toString(),
    'The harbour master keeps the keys of the boat house.',
  )
})

test('a sentence that points back is quoted with the one before it', async () => {
  const { text } = await ask('When are they handed out, at noon?')
  assert.match(
    text,
    /“The harbour master keeps the keys of the boat house\. He hands them out at noon\.” \[2\]/,
  )
})

test('it says that there is no model, and how to get one; with a model it does not', async () => {
  assert.match(
    (await ask('keys of the boat house')).text,
    /No language model.*Small Model 1B \(0\.8 GB\).*runa models suggest/s,
  )
  assert.doesNotMatch(
    (await ask('keys of the boat house', PASSAGES, { hasModel: true })).text,
    /No language model|suggest/,
  )
})

test('where nothing fits, or nothing was given, it says so and quotes nothing', async () => {
  for (const passages of [PASSAGES, []]) {
    const { text, end } = await ask('quarterly revenue forecast spreadsheets', passages)
    assert.equal(end.reason, 'no-match')
    assert.deepEqual(end.quotes, [])
    assert.doesNotMatch(text, /“/)
  }
})

test('the bare name that was asked for is no answer', async () => {
  const cry = passageOf(1, '“Whales!”', 1)
  const { text } = await ask('What are whales?', [cry, ...PASSAGES.slice(1)])
  assert.doesNotMatch(text, /Whales!/)
  assert.match(text, /Whales are hunted/)
})

test('a question in a document is no answer while there is a better sentence', async () => {
  assert.match((await ask('How are whales hunted?')).text, /“Whales are hunted from small boats\./)
})

test('words that lie in two passages are quoted once', async () => {
  const text = 'The harbour master keeps the keys of the boat house.'
  const twice = [passageOf(1, text, 1), passageOf(2, `${text} He hands them out at noon.`, 1)]
  assert.equal((await ask('keys of the boat house', twice)).end.quotes.length, 1)
  const elsewhere = { ...passageOf(2, text, 1), document: 'copy.md' }
  assert.equal((await ask('keys of the boat house', [passageOf(1, text, 1), elsewhere])).end.quotes.length, 1)
})

test('a blocked message gets the fixed reply, and nothing is quoted', async () => {
  const guard: Guard = {
    ...createOpenGuard(),
    check: () => ({ action: 'block', text: '', reply: 'A fixed reply.', verdicts: [] }),
  }
  const { text, end } = await ask('keys', PASSAGES, { guard })
  assert.equal(text, 'A fixed reply.')
  assert.deepEqual([end.reason, end.quotes], ['blocked', []])
})

test('an answer that nobody wants any more ends', async () => {
  const options = {
    embedder,
    guard: createOpenGuard(),
    hasModel: () => true,
    suggestion: async () => undefined,
  }
  const request = { messages: [{ role: 'user' as const, content: 'keys' }], passages: PASSAGES, sampling: {} }
  const items = createExtractiveEngine(options).complete(request, AbortSignal.abort())
  await assert.rejects(
    async () => {
      for await (const item of items) assert.equal(item.kind, 'start')
    },
    { code: 'CANCELLED' },
  )
})
