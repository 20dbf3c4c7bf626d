import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, afterEach, before, describe, test } from 'node:test'
import { compilePolicies, loadPolicy } from '#engine/tokenwhisper'
import { loadEmbedder } from '#kernel/embedding'
import type { CompletionItem, Sampling } from '#protocol'
import { createOpenGuard, type Guard } from '../../src/engine/inference/guard.ts'
import { createLlamaEngine, type LlamaEngine } from '../../src/engine/inference/llama/engine.ts'
import { guardBy } from '../../src/engine/inference/policy-guard.ts'
import { NO_STORY_MODEL, storyModel, temporaryFolder, vectorModel, writeModel } from './fixtures.ts'
import { randomBert, randomLlama } from './random-models.ts'

const GREEDY: Sampling = { temperature: 0, tokensMax: 40 }
const PROMPT = 'Once upon a time'
const CONTEXT_TOKENS = 256

const folder = await temporaryFolder()
const generated = await writeModel(join(folder, 'llama.gguf'), randomLlama())
const embedder = await writeModel(join(folder, 'bert.gguf'), randomBert())

const engines: LlamaEngine[] = []
after(async () => {
  for (const engine of engines) await engine.unload()
})

function createEngine(
  path: string,
  { guard = createOpenGuard(), purpose = 'chat' as 'chat' | 'embedding' } = {},
): LlamaEngine {
  const contextTokens = purpose === 'chat' ? CONTEXT_TOKENS : 64
  const settings = { id: 'm', path, digest: 'd', purpose, contextTokens, threads: 1, gpu: 'off' as const }
  return createLlamaEngine({ settings, guard })
}

async function loadEngine(
  path: string,
  options: Parameters<typeof createEngine>[1] = {},
): Promise<LlamaEngine> {
  const engine = createEngine(path, options)
  await engine.load()
  engines.push(engine)
  return engine
}

function start(
  engine: LlamaEngine,
  sampling: Sampling,
  content = PROMPT,
  signal = new AbortController().signal,
) {
  return engine.complete({ messages: [{ role: 'user', content }], passages: [], sampling }, signal)
}

async function complete(engine: LlamaEngine, sampling: Sampling = GREEDY, content = PROMPT) {
  const items: CompletionItem[] = []
  for await (const item of start(engine, sampling, content)) items.push(item)
  const end = items.at(-1)
  assert.ok(end?.kind === 'end')
  const begun = items[0]
  assert.ok(begun?.kind === 'start')
  return { items, begun, end, text: items.map((item) => (item.kind === 'text' ? item.text : '')).join('') }
}

/** A policy of one rule on what the model says. */
function policyOn(phrase: string, action: 'mask' | 'block'): Guard {
  const rule = {
    id: 'phrase',
    dimension: 'test',
    direction: 'output',
    severity: 'low',
    action,
    patterns: [{ literal: phrase, word: false }],
    examples: { match: [phrase], noMatch: ['nothing of that'] },
    ...(action === 'mask' ? { mask: '[hidden]' } : { reply: 'A fixed reply.' }),
  }
  return guardBy(compilePolicies([loadPolicy(JSON.stringify({ id: 'test', version: 1, rules: [rule] }))]))
}

/** What any model has to keep to: the one that these tests write, and a real one where there is one. */
for (const [name, path] of [
  ['a generated model', generated],
  ['the story model', storyModel()],
] as const) {
  describe(name, { skip: path === undefined && NO_STORY_MODEL }, () => {
    let engine: LlamaEngine
    let guard = createOpenGuard()
    before(async () => {
      const chosen: Guard = { hash: '', check: (text) => guard.check(text), openGate: () => guard.openGate() }
      engine = await loadEngine(path ?? '', { guard: chosen })
    })
    afterEach(() => {
      guard = createOpenGuard()
    })

    test('without temperature it always says the same, whatever it was asked before', async () => {
      const first = await complete(engine)
      assert.deepEqual([first.end.reason, first.end.usage.completionTokens], ['length', 40])
      assert.ok(first.text.length > 20)
      await complete(engine, { temperature: 1, tokensMax: 20 }, 'Something else entirely')
      assert.equal((await complete(engine)).text, first.text)
    })

    test('a seed makes chance repeatable', async () => {
      const text = async (seed: number) =>
        (await complete(engine, { temperature: 1.2, topP: 1, minP: 0, tokensMax: 40, seed })).text
      const first = await text(1)
      assert.equal(await text(1), first)
      assert.notEqual(await text(2), first)
    })

    test('an answer by chance names the seed that was drawn, and all else that it takes to say it again', async () => {
      const first = await complete(engine, { temperature: 1.2, tokensMax: 40 })
      const { sampling = {}, computation } = first.begun
      assert.deepEqual([sampling.temperature, sampling.topK, typeof sampling.seed], [1.2, 40, 'number'])
      assert.match(
        computation?.build ?? '',
        /^node-llama-cpp [\d.]+, llama\.cpp \S+, reading 256 tokens at a time$/,
      )
      assert.ok(computation?.cpu.startsWith(process.arch))
      assert.deepEqual([computation?.threads, computation?.contextTokens], [1, CONTEXT_TOKENS])

      const other = await complete(engine, { temperature: 1.2, tokensMax: 40 })
      assert.notEqual(other.end.tokensDigest, first.end.tokensDigest)
      const again = await complete(engine, sampling)
      assert.deepEqual([again.text, again.end.tokensDigest], [first.text, first.end.tokensDigest])
    })

    test('it stops before a stop text, which is not said', async () => {
      const { text } = await complete(engine)
      const stop = text.slice(12, 15)
      const stopped = await complete(engine, { ...GREEDY, stop: ['not in there', stop] })
      assert.equal(stopped.text, text.slice(0, text.indexOf(stop)))
      assert.equal(stopped.end.reason, 'stop')
    })

    test('a conversation that is too long is refused with the numbers, before a word is said', async () => {
      const long = 'very long '.repeat(CONTEXT_TOKENS)
      await assert.rejects(complete(engine, GREEDY, long), {
        code: 'CONTEXT_FULL',
        message: /\d+ tokens, .* 256 at once/,
      })
      assert.ok((await complete(engine)).text.length > 0)
    })

    test('an answer that reaches the end of the context ends there, and says so', async () => {
      const { end } = await complete(engine, { temperature: 0, tokensMax: 10_000, minP: 0 }, 'a b c d e f')
      if (end.reason === 'length')
        assert.equal(end.usage.promptTokens + end.usage.completionTokens, CONTEXT_TOKENS)
      else assert.ok(end.usage.promptTokens + end.usage.completionTokens < CONTEXT_TOKENS)
    })

    test('stopping an answer lets the next one in; one that waits can give up', async () => {
      const [stopping, impatience] = [new AbortController(), new AbortController()]
      const endless: Sampling = { temperature: 0, tokensMax: 10_000 }
      const items = start(engine, endless, PROMPT, stopping.signal)[Symbol.asyncIterator]()
      assert.equal((await items.next()).value?.kind, 'start')
      assert.equal((await items.next()).value?.kind, 'text')
      const waiting = start(engine, GREEDY, PROMPT, impatience.signal)[Symbol.asyncIterator]()
      await waiting.next()
      const waited = assert.rejects(waiting.next(), { code: 'CANCELLED' })
      impatience.abort()
      await waited
      const after = complete(engine)
      stopping.abort()
      await assert.rejects(
        async () => {
          while (!(await items.next()).done);
        },
        { code: 'CANCELLED' },
      )
      assert.equal((await after).end.usage.completionTokens, 40)
    })

    test('it proves that it makes tokens: one of its own, or those that it makes for somebody', async () => {
      const { signal } = new AbortController()
      const { text } = await complete(engine)
      await engine.prove(signal)
      assert.equal((await complete(engine)).text, text)
      const answering = complete(engine, { temperature: 0, tokensMax: 200 })
      await Promise.all([engine.prove(signal), engine.prove(signal)])
      assert.equal((await answering).end.usage.completionTokens > 0, true)
    })

    test('an answer whose reader goes away is over', async () => {
      for await (const item of start(engine, { temperature: 0, tokensMax: 10_000 }))
        if (item.kind === 'text') break
      assert.equal((await complete(engine)).end.usage.completionTokens, 40)
    })

    test('what the policy masks or blocks is never said, though the model says it', async () => {
      const { text, end: open } = await complete(engine)
      // Longer than a token, so that it has to be held back until it is whole.
      const phrase = text.slice(10, 18).trim()
      assert.ok(phrase.length >= 4)
      guard = policyOn(phrase, 'mask')
      const masked = await complete(engine)
      assert.ok(!masked.text.includes(phrase) && masked.text.includes('[hidden]'), masked.text)
      const verdicts = masked.items.filter((item) => item.kind === 'verdict')
      const { tokens } = verdicts[0]?.verdict ?? {}
      assert.ok(tokens && tokens.from <= tokens.to && tokens.to < masked.end.usage.completionTokens)
      assert.equal(masked.end.tokensDigest, open.tokensDigest)
      assert.deepEqual([verdicts[0]?.verdict.rule, verdicts[0]?.verdict.action], ['phrase', 'mask'])
      assert.equal(verdicts[0]?.verdict.start, Buffer.byteLength(text.slice(0, text.indexOf(phrase))))

      guard = policyOn(phrase, 'block')
      const blocked = await complete(engine)
      assert.equal(blocked.text, `${text.slice(0, text.indexOf(phrase))}\n\nA fixed reply.`)
      assert.equal(blocked.end.reason, 'blocked')
      assert.ok(blocked.end.usage.completionTokens < 40)
    })
  })
}

test('a message that the policy blocks never reaches the model', async () => {
  const guard: Guard = {
    ...createOpenGuard(),
    check: () => ({ action: 'block', text: '', reply: 'A fixed reply.', verdicts: [] }),
  }
  const engine = createEngine(generated, { guard })
  const { text, end } = await complete(engine)
  assert.equal(text, 'A fixed reply.')
  assert.deepEqual([end.reason, end.usage], ['blocked', { promptTokens: 0, completionTokens: 0 }])
})

test('a model with a chat template reads the conversation through it', async () => {
  const { end } = await complete(await loadEngine(generated), GREEDY, 'a')
  // The marks of the template, the names of the roles, and the message.
  assert.ok(end.usage.promptTokens > 10, `${end.usage.promptTokens} tokens`)
})

test('the story model tells its story', { skip: storyModel() === undefined && NO_STORY_MODEL }, async () => {
  const { text } = await complete(await loadEngine(storyModel() ?? ''), { temperature: 0, tokensMax: 64 })
  assert.equal(text, STORY)
})

/** As measured with weights of 32 bits. */
const STORY =
  ', there was a little girl named Lily. She loved to play outside in the park. One day, she saw a big, red ball. ' +
  "She wanted to play with it, but it was too high.\nLily's mom said"

test('embeddings have unit length, and like texts are alike', async () => {
  const engine = await loadEngine(embedder, { purpose: 'embedding' })
  const { signal } = new AbortController()
  const { vectors, tokens } = await engine.embed(['the cat', 'the cat', 'queen'], signal)
  for (const vector of vectors) assert.ok(Math.abs(Math.hypot(...vector) - 1) < 1e-6)
  assert.deepEqual(vectors[0], vectors[1])
  assert.notDeepEqual(vectors[0], vectors[2])
  assert.ok(tokens > 3)
  await assert.rejects(engine.embed(['cat '.repeat(100)], signal), { code: 'CONTEXT_FULL' })
})

test('the engine and the table that ships with Runa make the same vectors', {
  skip: vectorModel() === undefined && 'shared/models/runa-embed is not there',
}, async () => {
  const texts = ['Call me Ishmael.', 'the harbour master keeps the keys', 'A physician works in a hospital']
  const table = await loadEmbedder()
  const engine = await loadEngine(vectorModel() ?? '', { purpose: 'embedding' })
  const { vectors } = await engine.embed(texts, new AbortController().signal)
  for (const [index, text] of texts.entries()) {
    const cosine = table.embed(text).reduce((sum, value, at) => sum + value * (vectors[index]?.[at] ?? 0), 0)
    assert.ok(cosine > 0.995, `${text}: ${cosine}`)
  }
})

test('a graphics card that cannot be used is a failure that says what to do', async () => {
  const settings = {
    id: 'm',
    path: generated,
    digest: '',
    purpose: 'chat',
    contextTokens: 256,
    threads: 1,
  } as const
  const engine = createLlamaEngine({ settings: { ...settings, gpu: 'cuda' }, guard: createOpenGuard() })
  const failure = await engine.load().catch((error) => error)
  await engine.unload()
  // On a machine that has the binaries and the card, it simply loads.
  if (failure) assert.deepEqual([failure.code, /gpu\.md/.test(failure.message)], ['MODEL_FAILED', true])
})

test('a file that has gone is a failure with a code', async () => {
  await assert.rejects(createEngine(join(folder, 'none.gguf')).load(), { code: 'MODEL_FAILED' })
})
