import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { awaitService, type Connection, call, connect, serve } from '#kernel/service'
import { createBus, destroyBus } from '#kernel/splinter'
import { type Client, gilgulContract, inferenceContract, RunaError, type ServiceStatus } from '#protocol'
import { temporaryFolder, writeModel } from './fixtures.ts'
import { ggufBytes } from './gguf.ts'
import { randomBert, randomLlama } from './random-models.ts'

const ENGINE = '../../src/engine/inference'
let end: () => Promise<void>
// Before the folder is removed, hence above it.
after(() => end())

const home = await temporaryFolder()
const chat = await writeModel(join(home, 'Small chat.gguf'), randomLlama())
const vectors = await writeModel(join(home, 'vectors.gguf'), randomBert())
const busPath = join(home, 'bus', 'bus')
const children = new Map<string, ChildProcess>()

let inference: Client<typeof inferenceContract>
let transport: Connection['transport']

function launch(name: string, program: string, environment: NodeJS.ProcessEnv = {}): ChildProcess {
  const child = spawn(process.execPath, [fileURLToPath(new URL(program, import.meta.url))], {
    env: { ...process.env, RUNA_BUS: busPath, RUNA_HOME: home, RUNA_SERVICE: name, ...environment },
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  children.set(name, child)
  return child
}

async function kill(name: string): Promise<void> {
  const child = children.get(name)
  if (!child || !isAlive(name)) return
  const gone = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGKILL')
  await gone
}

function isAlive(name: string): boolean {
  const child = children.get(name)
  return child?.exitCode === null && child.signalCode === null
}

function running(name: string): ServiceStatus {
  return {
    name,
    state: 'running',
    reason: '',
    pid: null,
    restarts: 0,
    uptimeMs: 0,
    memoryBytes: 0,
    needs: [],
  }
}

/** As much of gilgul as inference needs: it starts a model's process and waits until it answers. */
async function serveGilgul() {
  const { transport, close } = await connect(busPath, gilgulContract.name)
  const unsupported = () => Promise.reject(new RunaError('UNKNOWN_OPERATION'))
  const handlers: Parameters<typeof serve<typeof gilgulContract>>[1] = {
    status: async () => ({ services: [...children.keys()].filter(isAlive).map(running), startedAt: 0 }),
    async startModel({ name, settings }, { signal }) {
      if (isAlive(name)) return running(name)
      launch(name, `${ENGINE}/model/main.js`, { RUNA_SETTINGS: JSON.stringify(settings) })
      await awaitService(transport, name, { timeoutMs: 20_000, signal })
      return {
        name,
        state: 'running',
        reason: '',
        pid: null,
        restarts: 0,
        uptimeMs: 0,
        memoryBytes: 0,
        needs: [],
      }
    },
    async stopModel({ name }) {
      await kill(name)
      return {}
    },
    restart: unsupported,
    reveal: unsupported,
    keep: unsupported,
    setSecret: unsupported,
    getSecret: unsupported,
    listSecrets: unsupported,
    listVersions: unsupported,
    listLeases: unsupported,
    endLease: unsupported,
    removeVersion: unsupported,
    grantSecret: unsupported,
    removeSecret: unsupported,
    auditSecrets: unsupported,
    shutdown: unsupported,
    apply: unsupported,
  }
  const service = serve(gilgulContract, handlers, transport)
  return () => service.stop().then(close)
}

before(async () => {
  await mkdir(join(home, 'bus'), { mode: 0o700 })
  await writeFile(join(home, 'runa.yaml'), 'engine: {threads: 1, contextTokens: 512}')
  createBus({ path: busPath })
  const endGilgul = await serveGilgul()
  const connection = await connect(busPath, 'tests')
  transport = connection.transport
  launch('inference', `${ENGINE}/main.js`)
  await awaitService(transport, 'inference', { timeoutMs: 20_000 })
  inference = call(inferenceContract, transport)
  end = async () => {
    for (const name of children.keys()) await kill(name)
    await endGilgul()
    connection.close()
    destroyBus(busPath)
  }
})

const QUESTION = {
  messages: [{ role: 'user' as const, content: 'hello' }],
  sampling: { temperature: 0, tokensMax: 20 },
}

async function ask(input: Parameters<typeof inference.complete>[0] = QUESTION) {
  let text = ''
  let engine = ''
  for await (const item of inference.complete(input)) {
    if (item.kind === 'text') text += item.text
    if (item.kind === 'start') engine = item.model.engine
  }
  return { text, engine }
}

test('a model is added by its file, tried out, and answers from then on', async () => {
  const added = await inference.addModel({ path: chat })
  assert.deepEqual(
    [added.id, added.isDefault, added.state, added.digest.length],
    ['Small-chat', true, 'stopped', 64],
  )
  const { text, engine } = await ask()
  assert.equal(engine, 'llama')
  assert.ok(text.length > 5)
  assert.equal((await ask()).text, text)
  const [listed] = (await inference.models({})).models
  assert.deepEqual([listed?.id, listed?.state], ['Small-chat', 'ready'])
})

test('a process that is killed in the middle of an answer is an error with a code, and the next question works', async () => {
  const endless = { ...QUESTION, sampling: { temperature: 0, tokensMax: 450 } }
  await assert.rejects(
    async () => {
      for await (const item of inference.complete(endless))
        if (item.kind === 'text') await kill('model-Small-chat')
    },
    { code: 'MODEL_FAILED' },
  )
  assert.ok((await ask()).text.length > 5)
  // One that died while it was idle is not noticed at all.
  await kill('model-Small-chat')
  assert.ok((await ask()).text.length > 5)
})

test('a broker that was killed comes back and takes over the models that still run', async () => {
  const model = children.get('model-Small-chat')?.pid
  await kill('inference')
  launch('inference', `${ENGINE}/main.js`)
  await awaitService(transport, 'inference', { timeoutMs: 20_000 })
  assert.ok((await ask()).text.length > 5)
  assert.equal(children.get('model-Small-chat')?.pid, model)
  let state = ''
  while (state !== 'ready') state = (await inference.models({})).models[0]?.state ?? ''
})

test('a model of another purpose is used for that, and its copy goes with it', async () => {
  const added = await inference.addModel({ path: vectors, id: 'v', copy: true })
  assert.deepEqual(
    [added.purpose, added.isDefault, added.path],
    ['embedding', false, join(home, 'models', 'v.gguf')],
  )
  const { model, vectors: made } = await inference.embed({ model: 'v', texts: ['the cat'] })
  assert.match(model, /^v:/)
  assert.ok(Math.abs(Math.hypot(...(made[0] ?? [])) - 1) < 1e-6)
  await assert.rejects(ask({ ...QUESTION, model: 'v' }), { code: 'BAD_INPUT' })
  await assert.rejects(inference.addModel({ path: vectors, id: 'v' }), { code: 'MODEL_EXISTS' })
  await inference.removeModel({ id: 'v' })
  assert.deepEqual([existsSync(added.path), existsSync(vectors)], [false, true])
  await assert.rejects(inference.embed({ model: 'v', texts: ['a'] }), { code: 'MODEL_UNKNOWN' })
})

test('a file with a sound header that the engine cannot use is refused, and nothing is left of it', async () => {
  const { entries } = randomLlama()
  const path = join(home, 'empty.gguf')
  await writeFile(
    path,
    ggufBytes(entries, [{ name: 'token_embd.weight', shape: [64], values: new Float32Array(64) }]),
  )
  await assert.rejects(inference.addModel({ path, copy: true }), {
    code: 'MODEL_INVALID',
    message: /cannot use/,
  })
  assert.equal(existsSync(join(home, 'models', 'empty.gguf')), false)
  assert.deepEqual(
    (await inference.models({})).models.map(({ id }) => id),
    ['Small-chat'],
  )
  assert.ok((await ask()).text.length > 5)
})
