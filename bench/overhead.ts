import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import {
  getLlama,
  type LlamaContextSequence,
  LlamaLogLevel,
  type LlamaModel,
  resolveChatWrapper,
  type Token,
} from 'node-llama-cpp'
import { sharedFolder } from '#kernel/home'
import { writeGguf } from '../test/model/gguf.ts'
import { MEDIUM, randomLlama } from '../test/model/random-models.ts'
import { median, type Row, rateRow } from './row.ts'

const RUNA = fileURLToPath(new URL('../src/face/cli/main.js', import.meta.url))
const PEER = 'raw engine'
const PROMPT = 'Once upon a time'
const CONTEXT_TOKENS = 512
const ROUNDS = 7

interface Runa {
  readonly address: string
  readonly key: string
  readonly environment: NodeJS.ProcessEnv
  stop(): Promise<void>
}

/**
 * Tokens a second of a streamed chat over HTTP, through every service and with the policy on, against a bare loop over
 * the same engine in the same run. Both use one thread, take turns, and say the same.
 */
export async function benchOverhead(): Promise<Row[]> {
  const folder = await mkdtemp(join(tmpdir(), 'runa-bench-'))
  const runa = await startRuna(folder)
  const llama = await getLlama({
    gpu: false,
    build: 'never',
    skipDownload: true,
    maxThreads: 1,
    logLevel: LlamaLogLevel.error,
  })
  try {
    const rows: Row[] = []
    for (const { name, path, tokens } of await findModels(folder)) {
      await runaCommand(runa.environment, 'models', 'add', path, '--id', name)
      const model = await llama.loadModel({ modelPath: path, gpuLayers: 0 })
      rows.push(...(await compare(name, tokens, runa, model)))
      await model.dispose()
      await runaCommand(runa.environment, 'models', 'remove', name)
    }
    return rows
  } finally {
    await llama.dispose()
    await runa.stop()
    await rm(folder, { recursive: true })
  }
}

async function findModels(folder: string) {
  const generated = join(folder, '45m.gguf')
  const { entries, tensors, valuesOf } = randomLlama(MEDIUM)
  await writeGguf(generated, entries, tensors, valuesOf)
  const story = join(sharedFolder() ?? '', 'models/stories260K-f32.gguf')
  const models = [{ name: '45M', path: generated, tokens: 96 }]
  return existsSync(story) ? [{ name: 'stories260K', path: story, tokens: 400 }, ...models] : models
}

async function compare(name: string, tokens: number, runa: Runa, model: LlamaModel): Promise<Row[]> {
  const context = await model.createContext({ contextSize: CONTEXT_TOKENS, batchSize: 256, threads: 1 })
  const sequence = context.getSequence()
  const [ours, theirs]: [Run[], Run[]] = [[], []]
  const prompt = promptOf(model)
  const raw = () => runRaw(model, sequence, prompt, tokens)
  await runChat(runa, name, tokens)
  await raw()
  for (let round = 0; round < ROUNDS; round += 1) {
    ours.push(await runChat(runa, name, tokens))
    theirs.push(await raw())
  }
  await context.dispose()
  const medianOf = (runs: readonly Run[], field: keyof Run) => median(runs.map((run) => run[field]))
  const first = [medianOf(ours, 'firstMs'), medianOf(theirs, 'firstMs')] as const
  return [
    rateRow(`tokens ${name}`, medianOf(ours, 'rate'), PEER, medianOf(theirs, 'rate'), 'tokens/s'),
    {
      case: `first token ${name}`,
      ours: Number(first[0].toFixed(1)),
      peer: PEER,
      theirs: Number(first[1].toFixed(1)),
      unit: 'ms',
      ratio: Number((first[1] / first[0]).toFixed(2)),
    },
  ]
}

interface Run {
  /** Tokens a second, from the request to the last token. */
  readonly rate: number
  readonly firstMs: number
}

/** Both sides read the same: the words as the model's own template frames them, where it has one. */
function promptOf(model: LlamaModel): Token[] {
  if (!model.fileInfo.metadata.tokenizer?.chat_template) return model.tokenize(PROMPT)
  const chatHistory = [
    { type: 'user' as const, text: PROMPT },
    { type: 'model' as const, response: [''] },
  ]
  return resolveChatWrapper(model).generateContextState({ chatHistory }).contextText.tokenize(model.tokenizer)
}

/** What somebody would write who uses the engine directly. */
async function runRaw(
  model: LlamaModel,
  sequence: LlamaContextSequence,
  prompt: readonly Token[],
  tokens: number,
): Promise<Run> {
  const startedMs = performance.now()
  await sequence.clearHistory()
  let firstMs = 0
  let count = 0
  let text = ''
  for await (const token of sequence.evaluate([...prompt], { temperature: 0 })) {
    text += model.detokenize([token])
    count += 1
    if (count === 1) firstMs = performance.now() - startedMs
    if (count === tokens) break
  }
  if (text === '') throw new Error('The model said nothing.')
  return { rate: (count * 1_000) / (performance.now() - startedMs), firstMs }
}

async function runChat({ address, key }: Runa, model: string, tokens: number): Promise<Run> {
  const startedMs = performance.now()
  const response = await fetch(`${address}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      ...{ model, temperature: 0, max_tokens: tokens, stream: true },
      stream_options: { include_usage: true },
      messages: [{ role: 'user', content: PROMPT }],
    }),
  })
  let text = ''
  let firstMs = 0
  const decoder = new TextDecoder()
  for await (const bytes of response.body ?? []) {
    text += decoder.decode(bytes, { stream: true })
    if (firstMs === 0 && /"content":"[^"]/.test(text)) firstMs = performance.now() - startedMs
  }
  const count = Number(/"completion_tokens":(\d+)/.exec(text)?.[1] ?? 0)
  if (count === 0) throw new Error(`No tokens were counted: ${response.status} ${text.slice(0, 300)}`)
  return { rate: (count * 1_000) / (performance.now() - startedMs), firstMs }
}

async function startRuna(folder: string): Promise<Runa> {
  const environment = { ...process.env, RUNA_HOME: folder, RUNA_PORT: '0' }
  await writeFile(join(folder, 'runa.yaml'), `engine: {threads: 1, contextTokens: ${CONTEXT_TOKENS}}\n`)
  const child = spawn(process.execPath, [RUNA, 'up'], {
    env: environment,
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const address = await addressOf(child)
  const { key } = JSON.parse(await runaCommand(environment, 'key', 'create', 'bench', '--json')) as {
    key: string
  }
  return {
    address,
    key,
    environment,
    async stop() {
      const gone = new Promise((resolve) => child.once('exit', resolve))
      child.kill('SIGTERM')
      await gone
    },
  }
}

async function addressOf(child: ChildProcess): Promise<string> {
  if (!child.stdout) throw new Error('Runa was started without a pipe.')
  for await (const line of createInterface(child.stdout)) {
    const address = /http:\/\/127\.0\.0\.1:\d+/.exec(line)?.[0]
    if (address) return address
  }
  throw new Error('Runa has ended without an address.')
}

async function runaCommand(environment: NodeJS.ProcessEnv, ...words: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [RUNA, ...words], { env: environment })
  return stdout
}
