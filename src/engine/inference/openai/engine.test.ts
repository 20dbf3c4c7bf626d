import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { assetsFolder } from '#kernel/home'
import { type CompletionItem, RunaError } from '#protocol'
import { createOpenGuard } from '../guard.ts'
import { type Ledger, openLedger } from '../ledger.ts'
import { loadGuard } from '../policy-guard.ts'
import { createOpenaiEngine, type OpenaiOptions } from './engine.ts'
import { isLoopback } from './request.ts'

type Answer = (response: ServerResponse, body: Record<string, unknown>, request: IncomingMessage) => void

let answer: Answer
let server: Server
let ledger: Ledger
let folder: string

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'runa-openai-'))
  ledger = await openLedger(join(folder, 'outward.journal'))
  server = createServer(async (request, response) => {
    let text = ''
    for await (const piece of request) text += piece
    answer(response, JSON.parse(text), request)
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
})
after(async () => {
  server.closeAllConnections()
  server.close()
  await ledger.close()
  await rm(folder, { recursive: true })
})

function createEngine(fields: Partial<OpenaiOptions['server']> = {}, options: Partial<OpenaiOptions> = {}) {
  const { port } = server.address() as AddressInfo
  const declared = {
    id: 'big',
    baseUrl: `http://127.0.0.1:${port}/v1/`,
    model: 'm',
    purpose: 'chat' as const,
    contextTokens: 100,
  }
  return createOpenaiEngine({
    server: { ...declared, ...fields },
    guard: createOpenGuard(),
    ledger,
    ...options,
  })
}

const REQUEST = {
  messages: [{ role: 'user' as const, content: 'hello' }],
  passages: [],
  sampling: { temperature: 0, stop: ['x'] },
}

async function complete(engine = createEngine(), signal = new AbortController().signal) {
  const items: CompletionItem[] = []
  for await (const item of engine.complete(REQUEST, signal)) items.push(item)
  return { items, text: items.map((item) => (item.kind === 'text' ? item.text : '')).join('') }
}

function stream(response: ServerResponse, ...chunks: unknown[]) {
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  for (const chunk of chunks)
    response.write(`data: ${typeof chunk === 'string' ? chunk : JSON.stringify(chunk)}\r\n\r\n`)
}

const streams =
  (...chunks: unknown[]): Answer =>
  (response) => {
    stream(response, ...chunks)
    response.end()
  }
const breaksOff: Answer = (response) => {
  stream(response, says('half'))
  setImmediate(() => response.destroy())
}
const says = (content: string) => ({ choices: [{ delta: { content } }] })
const finished = (finish_reason = 'stop') => ({ choices: [{ delta: {}, finish_reason }] })

test('an answer streams, and ends with what the server counted', async () => {
  let asked: Record<string, unknown> = {}
  answer = (response, body) => {
    asked = body
    stream(
      response,
      says('Hé'),
      says('llo'),
      finished('length'),
      { choices: [], usage: { prompt_tokens: 5, completion_tokens: 2 } },
      '[DONE]',
    )
    response.end()
  }
  const { items, text } = await complete()
  assert.equal(text, 'Héllo')
  assert.deepEqual(
    [asked['model'], asked['temperature'], asked['stop'], 'seed' in asked],
    ['m', 0, ['x'], false],
  )
  const end = items.at(-1)
  assert.ok(end?.kind === 'end')
  assert.deepEqual([end.reason, end.usage], ['length', { promptTokens: 5, completionTokens: 2 }])
})

test('the key comes from the environment, and only from the variable that is named', async () => {
  let given: string | undefined
  answer = (response, _, request) => {
    given = request.headers.authorization
    stream(response, finished(), '[DONE]')
    response.end()
  }
  await complete(createEngine({ keyVariable: 'BIG_KEY' }, { environment: { BIG_KEY: 'k1' } }))
  assert.equal(given, 'Bearer k1')
  await complete(createEngine())
  assert.equal(given, undefined)
})

test('a key in the vault is asked for with each request, and goes before the environment', async () => {
  const given: (string | undefined)[] = []
  answer = (response, _, request) => {
    given.push(request.headers.authorization)
    stream(response, finished(), '[DONE]')
    response.end()
  }
  const values = ['k1\n', 'k2']
  const use = async () => Buffer.from(values.shift() ?? assert.fail())
  const options = { held: { use }, environment: { BIG_KEY: 'other' } }
  const engine = createEngine({ keySecret: 'big.key', keyVariable: 'BIG_KEY' }, options)
  await complete(engine)
  await complete(engine)
  assert.deepEqual(given, ['Bearer k1', 'Bearer k2'])
  const refused = { use: () => Promise.reject(new RunaError('SECRET_NOT_GRANTED')) }
  await assert.rejects(complete(createEngine({ keySecret: 'big.key' }, { held: refused })), {
    code: 'ENGINE_UNREACHABLE',
    message: /its key is not to be had/,
  })
  assert.equal(given.length, 2)
})

test('whatever a server does wrong is an error with a code', async () => {
  const wrong: [RegExp, Answer][] = [
    [/status 500/, (response) => response.writeHead(500).end('boom')],
    [/another key/, (response) => response.writeHead(401).end()],
    [
      /does not stream/,
      (response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<p>hi</p>'),
    ],
    [/as the protocol says/, streams('{"choices": 3}')],
    [/as the protocol says/, streams('not json')],
    [/in the middle/, streams(says('half'))],
    [/in the middle/, (response) => stream(response, { error: { message: 'out of memory' } })],
    [/broke off/, breaksOff],
    [
      /cannot be reached/,
      (response) => response.writeHead(302, { location: 'http://example.invalid/' }).end(),
    ],
    [/more than/, streams('x'.repeat(2 ** 21))],
  ]
  for (const [message, behaviour] of wrong) {
    answer = behaviour
    await assert.rejects(complete(), { code: 'ENGINE_UNREACHABLE', message })
  }
  await assert.rejects(complete(createEngine({ baseUrl: 'http://127.0.0.1:9/v1' })), {
    code: 'ENGINE_UNREACHABLE',
  })
})

test('a secret that the server says in pieces is masked before anybody sees it', async () => {
  const guard = await loadGuard(true, [assetsFolder('policies')])
  answer = streams(
    says('The key is AKIA'),
    says('IOSFODNN7'),
    says('EXAMPLE, good'),
    says(' luck.'),
    finished(),
    '[DONE]',
  )
  const { text, items } = await complete(createEngine({}, { guard }))
  assert.match(text, /^The key is \[masked: .*\], good luck\.$/)
  assert.equal(items.filter((item) => item.kind === 'verdict').length, 1)
})

test('a blocked answer ends the request on the server too', async () => {
  const gate = () => {
    const pass = createOpenGuard().openGate()
    const push = () => ({ text: 'A fixed reply.', verdicts: [], blocked: true })
    return { ...pass, push }
  }
  const closed = new Promise<void>((resolve) => {
    answer = (response) => {
      response.once('close', resolve)
      stream(response, says('something bad'))
    }
  })
  const { text, items } = await complete(
    createEngine({}, { guard: { ...createOpenGuard(), openGate: gate } }),
  )
  const end = items.at(-1)
  assert.deepEqual([text, end?.kind === 'end' && end.reason], ['A fixed reply.', 'blocked'])
  await closed
})

test('a conversation that is too long for the server says so', async () => {
  answer = (response) => response.writeHead(400).end('{"error":{"code":"context_length_exceeded"}}')
  await assert.rejects(complete(), { code: 'CONTEXT_FULL' })
})

test('a server that falls silent is given up', async () => {
  answer = (response) => stream(response, says('half'))
  await assert.rejects(complete(createEngine({}, { silenceMs: 50 })), {
    code: 'ENGINE_UNREACHABLE',
    message: /said nothing/,
  })
})

test('cancelling ends the request on the server too', async () => {
  const closed = new Promise<void>((resolve) => {
    answer = (response) => {
      response.once('close', resolve)
      stream(response, says('half'))
    }
  })
  const cancelling = new AbortController()
  const items = createEngine().complete(REQUEST, cancelling.signal)
  await assert.rejects(
    async () => {
      for await (const item of items) if (item.kind === 'text') cancelling.abort()
    },
    { code: 'CANCELLED' },
  )
  await closed
})

test('embeddings come back in order and at unit length', async () => {
  answer = (response) => {
    const data = [
      { index: 1, embedding: [0, 2] },
      { index: 0, embedding: [3, 4] },
    ]
    response
      .writeHead(200, { 'content-type': 'application/json' })
      .end(JSON.stringify({ data, usage: { prompt_tokens: 4 } }))
  }
  const engine = createEngine({ purpose: 'embedding' })
  const { signal } = new AbortController()
  assert.deepEqual(await engine.embed(['a', 'b'], signal), {
    model: 'big:m',
    vectors: [
      [0.6, 0.8],
      [0, 1],
    ],
    tokens: 4,
  })
  await assert.rejects(engine.embed(['a'], signal), { code: 'ENGINE_UNREACHABLE' })
})

test('a request beyond this machine is written down before it is sent, one within it is not', async () => {
  const before = ledger.list(10).total
  // No name server knows this name, so nothing is sent; the ledger must have it all the same.
  await assert.rejects(complete(createEngine({ baseUrl: 'http://models.invalid/v1' })), {
    code: 'ENGINE_UNREACHABLE',
  })
  const { total, requests } = ledger.list(10)
  assert.equal(total, before + 1)
  assert.deepEqual([requests[0]?.host, requests[0]?.purpose], ['models.invalid', "chat/completions by 'big'"])
})

test('only addresses of this machine are taken for it', () => {
  const local = ['http://localhost:1/v1', 'http://127.0.0.1/', 'http://127.9.9.9:2/', 'http://[::1]:3/']
  const beyond = [
    'http://example.org/',
    'http://127.0.0.1.example.org/',
    'http://10.0.0.1/',
    'http://localhost.example/',
  ]
  assert.deepEqual(
    [...local, ...beyond].map((url) => isLoopback(new URL(url))),
    [true, true, true, true, false, false, false, false],
  )
})
