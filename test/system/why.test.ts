import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { call, connect } from '#kernel/service'
import { type Client, conversationContract, type Replay } from '#protocol'
import { writeModel } from '../model/fixtures.ts'
import { randomLlama, SMALL } from '../model/random-models.ts'
import { createTestRuna } from './test-runa.ts'

type Conversation = Client<typeof conversationContract>
type Asked = Partial<Parameters<Conversation['turn']>[0]>

/** A token of the model that is written here is mostly one byte. */
const CONTEXT_TOKENS = 6_144
const runa = createTestRuna(`engine:\n  contextTokens: ${CONTEXT_TOKENS}\n`)
after(() => runa.remove())

before(async () => {
  await runa.start()
  const folder = join(runa.home, 'texts')
  mkdirSync(folder)
  writeFileSync(join(folder, 'whales.md'), '# Whales\n\nWhales dive to great depth, and sing there.\n')
  await runa.ask('ingest', folder, '--topic', 'sea')
})

async function ask(question: string, asked: Asked = {}): Promise<string> {
  return await overBus(async (conversation) => {
    for await (const item of conversation.turn({ question, ...asked })) {
      if (item.kind === 'end') return item.turn.id
    }
    throw new Error('the answer broke off')
  })
}

async function overBus<Result>(use: (conversation: Conversation) => Promise<Result>) {
  const { transport, close } = await connect(runa.state().bus, `test-${process.pid}`)
  try {
    return await use(call(conversationContract, transport))
  } finally {
    close()
  }
}

async function why(id: string): Promise<string[]> {
  const { groups } = await overBus((conversation) => conversation.why({ id }))
  return groups.flatMap(({ about, sentences }) => sentences.map(({ text }) => `${about}: ${text}`))
}

async function replay(...words: readonly string[]): Promise<Replay & { readonly status: number | null }> {
  const { status, stdout, stderr } = await runa.runa('replay', ...words, '--json')
  assert.equal(stderr, '')
  return { ...(JSON.parse(stdout) as Replay), status }
}

test('what somebody asked for in words holds at the very next request, and why says so', async () => {
  await runa.ask('speak', 'agree', 'settings')
  await ask('Shorter, please')
  const id = await ask('Do whales sing?', { topics: ['sea'] })
  const { prompt, manner } = await overBus((conversation) => conversation.answer({ id }))
  assert.match(prompt.find(({ origin }) => origin === 'manner')?.text ?? '', /a few sentences/)
  assert.deepEqual(
    manner.settings.map(({ dimension, level }) => [dimension, level]),
    [['length', 'short']],
  )
  const said = await why(id)
  const setting =
    /^manner: How long: short\. You asked for it in a message on .* You said: “Shorter, please”$/
  assert.ok(
    said.some((sentence) => setting.test(sentence)),
    said.join('\n'),
  )
  assert.ok(said.some((sentence) => /^read: \[1\] Whales: texts\/whales\.md .* names it\.$/.test(sentence)))
  const { stdout } = await runa.runa('why')
  assert.match(stdout, /How it was told to speak\n {2}How long: short\./)
})

test('an answer that quotes, and one that a model drew by lot, are said again to the last token', async () => {
  assert.deepEqual(await replay().then(({ status, same, compared }) => [status, same, compared]), [
    0,
    true,
    'text',
  ])
  const recipe = randomLlama({ ...SMALL, contextTokens: CONTEXT_TOKENS })
  const model = await writeModel(join(runa.home, 'babbler.gguf'), recipe)
  await runa.ask('models', 'add', model, '--id', 'babbler')
  const id = await ask('Do whales sing?', { topics: ['sea'], sampling: { temperature: 1.1, tokensMax: 40 } })
  const again = await replay(id)
  assert.deepEqual([again.status, again.same, again.compared, again.differences], [0, true, 'tokens', []])
  assert.match(again.summary, /^It says the same 40 tokens/)
  assert.ok((await why(id)).some((sentence) => /drawn by lot .* seed \d+\.$/.test(sentence)))
})

test('a changed document is named, and a replay that has read what is forgotten is refused by name', async () => {
  writeFileSync(join(runa.home, 'texts', 'whales.md'), '# Whales\n\nWhales jump. They sing there.\n')
  await runa.ask('ingest', join(runa.home, 'texts'), '--topic', 'sea')
  const changed = await replay()
  assert.deepEqual([changed.status, changed.same], [0, true])
  assert.deepEqual(
    changed.differences.map(({ what, concerns }) => [what, concerns]),
    [['document', 'asking-again']],
  )

  await overBus(async (conversation) => {
    const [, ...older] = (await conversation.threads({})).threads
    for (const { id } of older) await conversation.removeThread({ id })
  })
  const blind = await replay()
  assert.deepEqual([blind.status, blind.ran], [1, false])
  assert.match(
    blind.summary,
    /^It cannot be said again\. Something that it had read, .* was forgotten since\./,
  )
  const forgotten = await why(blind.answer)
  assert.ok(forgotten.some((sentence) => /^remembered: .* forgotten by now\.$/.test(sentence)))
  assert.ok(forgotten.some((sentence) => /^manner: .* is forgotten by now\.$/.test(sentence)))
})

test('feedback stands with the answer, and an answer that is named badly is not found', async () => {
  await runa.ask('feedback', 'latest', 'down')
  await runa.ask('feedback', 'latest', '--correction', 'They do sing.')
  const id = String((await runa.ask('why'))['answer'])
  assert.equal((await runa.ask('why', id.slice(0, 20)))['answer'], id)
  const said = (await why(id)).filter((sentence) => sentence.startsWith('feedback: '))
  assert.match(said.join('\n'), /not good\.\n.*“They do sing\.”$/)
  for (const [words, status, code] of [
    [['why', 'ffff'], 1, 'ANSWER_UNKNOWN'],
    [['why', 'last'], 2, 'BAD_INPUT'],
    [['feedback', 'latest'], 2, 'BAD_INPUT'],
    [['feedback', 'latest', 'sideways'], 2, 'BAD_INPUT'],
  ] as const) {
    const ended = await runa.runa(...words)
    assert.deepEqual([ended.status, ended.stderr.includes(code)], [status, true], words.join(' '))
  }
})
