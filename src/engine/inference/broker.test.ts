import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { call, createMemoryTransports, createSecrets, serve } from '#kernel/service'
import { type Client, inferenceContract } from '#protocol'
import { openInference } from './open.ts'

let home: string
let inference: Client<typeof inferenceContract>
let close: () => Promise<void>
let announced: number

/** The whole broker in a home of its own, with nobody else on the bus. */
async function open(): Promise<void> {
  const [serverSide, callerSide] = createMemoryTransports()
  const opened = await openInference({
    transport: createMemoryTransports()[0],
    emit: () => {
      announced += 1
    },
    log: Object.assign(() => {}, { call: () => {} }),
    name: 'inference',
    secrets: createSecrets('inference', undefined, createMemoryTransports()[0]),
  })
  const service = serve(inferenceContract, opened.handlers, serverSide)
  inference = call(inferenceContract, callerSide)
  close = async () => {
    await service.stop()
    await opened.close?.()
    callerSide.close()
  }
}

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'runa-inference-'))
  process.env['RUNA_HOME'] = home
  announced = 0
})
afterEach(async () => {
  await close()
  await rm(home, { recursive: true })
})

const QUESTION = { messages: [{ role: 'user' as const, content: 'Who keeps the keys?' }] }
const TEXT =
  'The harbour master keeps the keys. The password of the account is AKIAIOSFODNN7EXAMPLE, he says.'
const PASSAGE = {
  topic: 't',
  document: 'd',
  number: 1,
  title: 'd',
  start: 0,
  end: TEXT.length,
  text: TEXT,
  score: 1,
}

async function textOf(input: Parameters<typeof inference.complete>[0]): Promise<string> {
  let text = ''
  for await (const item of inference.complete(input)) if (item.kind === 'text') text += item.text
  return text
}

test('without any model it quotes and says so, under the policy that ships with Runa', async () => {
  await open()
  assert.match(
    await textOf({ ...QUESTION, passages: [PASSAGE] }),
    /No language model.*“The harbour master keeps the keys\..*” \[1\]/s,
  )
  const secret = {
    ...QUESTION,
    messages: [{ role: 'user' as const, content: 'What is the password of the account?' }],
  }
  const text = await textOf({ ...secret, passages: [PASSAGE] })
  assert.match(text, /password of the account/)
  assert.doesNotMatch(text, /AKIAIOSFODNN7EXAMPLE/)
})

test('a model that is not there is an error, and so is one for another purpose', async () => {
  await writeFile(
    join(home, 'runa.yaml'),
    'engine: {servers: [{id: vectors, baseUrl: "http://127.0.0.1:9/v1", model: v, purpose: embedding}]}',
  )
  await open()
  await assert.rejects(textOf({ ...QUESTION, model: 'none' }), { code: 'MODEL_UNKNOWN' })
  await assert.rejects(textOf({ ...QUESTION, model: 'vectors' }), { code: 'BAD_INPUT' })
  await assert.rejects(inference.useModel({ id: 'vectors' }), { code: 'BAD_INPUT' })
  await assert.rejects(inference.useModel({ id: 'none' }), { code: 'MODEL_UNKNOWN' })
  await assert.rejects(inference.removeModel({ id: 'none' }), { code: 'MODEL_UNKNOWN' })
})

test('the default is remembered, and one that was taken out of runa.yaml ends no conversation', async () => {
  await writeFile(
    join(home, 'runa.yaml'),
    'engine: {servers: [{id: big, baseUrl: "http://127.0.0.1:9/v1", model: b}]}',
  )
  await open()
  assert.deepEqual(
    (await inference.models({})).models.map(({ id, isDefault, engine }) => [id, isDefault, engine]),
    [['big', false, 'openai']],
  )
  assert.equal((await inference.useModel({ id: 'big' })).isDefault, true)
  assert.equal(announced, 1)
  await assert.rejects(textOf(QUESTION), { code: 'ENGINE_UNREACHABLE' })
  await close()
  await rm(join(home, 'runa.yaml'))
  await open()
  assert.match(await textOf(QUESTION), /No language model/)
})

test('text is embedded by the table that ships with Runa where no model is named', async () => {
  await open()
  const { model, vectors, tokens } = await inference.embed({ texts: ['a ship', 'the sea'] })
  assert.match(model, /^runa-embed/)
  assert.deepEqual([vectors.length, vectors[0]?.length], [2, 192])
  assert.ok(tokens >= 4)
})

test('a bad file is refused with a code, and nothing is added or left behind', async () => {
  await open()
  const path = join(home, 'bad.gguf')
  await writeFile(path, 'GGUF, or so it says')
  await assert.rejects(inference.addModel({ path, copy: true }), { code: 'MODEL_INVALID' })
  await assert.rejects(inference.addModel({ path: join(home, 'none.gguf') }), { code: 'FILE_NOT_FOUND' })
  await assert.rejects(inference.addModel({ path: home }), { code: 'FILE_NOT_FOUND' })
  await assert.rejects(inference.addModel({ path: 'bad.gguf' }), { code: 'BAD_INPUT' })
  await assert.rejects(inference.addModel({ path, id: 'runa' }), { code: 'MODEL_EXISTS' })
  assert.deepEqual((await inference.models({})).models, [])
  assert.equal(announced, 0)
})

test('the machine is described with models that would fit, the best first', async () => {
  await open()
  const { memoryTotalBytes, memoryFreeBytes, cores, suggestions } = await inference.machine({})
  assert.ok(memoryTotalBytes >= memoryFreeBytes && memoryFreeBytes > 0 && cores >= 1)
  assert.ok(suggestions.length >= 5)
  const order = suggestions.map(({ fits }) => ['well', 'tight', 'no'].indexOf(fits))
  assert.deepEqual(order, [...order].sort())
})

test('the ledger is empty where nothing left the machine', async () => {
  await open()
  assert.deepEqual(await inference.ledger({}), { total: 0, requests: [] })
})

test('a registry that cannot be understood is set aside, and the service starts', async () => {
  await open()
  await close()
  await writeFile(join(home, 'models/models.json'), '{"version":')
  await open()
  assert.deepEqual((await inference.models({})).models, [])
  await assert.rejects(readFile(join(home, 'models/models.json')), { code: 'ENOENT' })
})
