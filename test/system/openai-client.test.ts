import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import OpenAI from 'openai'
import { conversationContract, type Handlers, inferenceContract, RunaError, tietoContract } from '#protocol'
import { simpleConversation, simpleInference, simpleTieto } from '../../src/face/threadwell/stand-ins.ts'
import { until } from './test-runa.ts'
import { type ThreadwellProcess, withThreadwell } from './threadwell-process.ts'

type Complete = Handlers<typeof inferenceContract>['complete']

/** The client as its makers ship it; only the address and the key are ours. */
function createClient({ url }: ThreadwellProcess, apiKey: string): OpenAI {
  return new OpenAI({ baseURL: `${url}/v1`, apiKey, maxRetries: 0 })
}

async function withClient(
  complete: Complete,
  use: (client: OpenAI, running: ThreadwellProcess) => Promise<void>,
): Promise<void> {
  await withThreadwell(async (running) => {
    await running.serve(inferenceContract, { ...simpleInference(), complete })
    await running.serve(tietoContract, simpleTieto())
    await running.serve(conversationContract, simpleConversation())
    const { key } = await running.threadwell.createKey({ name: 'test' })
    await use(createClient(running, key), running)
  })
}

const question = [{ role: 'user', content: 'Tell me a story.' }] as const

test('the unmodified client lists models, chats, streams and embeds', () =>
  withClient(simpleInference().complete, async (client) => {
    const models = await client.models.list()
    assert.deepEqual(
      models.data.map((model) => model.id),
      ['runa', 'small'],
    )
    assert.equal((await client.models.retrieve('small')).id, 'small')

    const whole = await client.chat.completions.create({ model: 'small', messages: [...question] })
    assert.equal(whole.choices[0]?.message.content, 'Once upon a time')
    assert.equal(whole.choices[0]?.finish_reason, 'length')
    assert.deepEqual(whole.usage?.total_tokens, 6)

    const streamed = await client.chat.completions.create({
      model: 'small',
      messages: [...question],
      stream: true,
      stream_options: { include_usage: true },
    })
    let text = ''
    const finishes: (string | null)[] = []
    let total: number | undefined
    for await (const { choices, usage } of streamed) {
      text += choices[0]?.delta.content ?? ''
      if (choices[0]) finishes.push(choices[0].finish_reason)
      total = usage?.total_tokens ?? total
    }
    assert.deepEqual([text, finishes.at(-1), total], ['Once upon a time', 'length', 6])

    const recipe = await client.chat.completions.create({ model: 'runa', messages: [...question] })
    assert.equal(recipe.choices[0]?.message.content, 'You asked: Tell me a story.')

    const embedded = await client.embeddings.create({ model: 'runa', input: ['four', 'fifth'] })
    assert.deepEqual(
      embedded.data.map((each) => [...each.embedding]),
      [
        [4, 0.5],
        [5, 0.5],
      ],
    )
  }))

test('every setting arrives as it was meant', async () => {
  let seen: unknown
  const noting: Complete = async function* (input, context) {
    seen = input
    yield* simpleInference().complete(input, context)
  }
  await withClient(noting, async (client) => {
    await client.chat.completions.create({
      model: 'small',
      messages: [
        { role: 'developer', content: 'Be brief.' },
        {
          role: 'user',
          content: [
            { type: 'text', text: 'a' },
            { type: 'text', text: 'b' },
          ],
        },
      ],
      ...{ temperature: 0, top_p: 0.5, seed: -1, stop: 'END', max_completion_tokens: 7, user: 'me', n: 1 },
    })
    assert.deepEqual(seen, {
      model: 'small',
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'a\nb' },
      ],
      passages: [],
      sampling: { temperature: 0, topP: 0.5, seed: 0xffff_ffff, stop: ['END'], tokensMax: 7 },
    })
  })
})

test('a client that aborts stops the generation, streamed or not', async () => {
  let made = 0
  let running = 0
  const endless: Complete = async function* (_, { signal }) {
    running += 1
    try {
      for (made = 0; !signal.aborted; made += 1) {
        yield { kind: 'text', text: 'word ', tokens: 1 }
        await sleep(1)
      }
    } finally {
      running -= 1
    }
  }
  await withClient(endless, async (client) => {
    const stream = await client.chat.completions.create({
      model: 'small',
      messages: [...question],
      stream: true,
    })
    let heard = 0
    for await (const _ of stream) if (++heard === 5) break
    await until(() => running === 0)

    const abort = new AbortController()
    const whole = client.chat.completions.create(
      { model: 'small', messages: [...question] },
      { signal: abort.signal },
    )
    await until(() => running === 1 && made > 5)
    abort.abort()
    await assert.rejects(whole, OpenAI.APIUserAbortError)
    await until(() => running === 0)
  })
})

test('each mistake is an error that the client knows', () =>
  withClient(simpleInference().complete, async (client, running) => {
    const messages = [...question]
    const stranger = createClient(running, 'runa_wrong')
    await assert.rejects(stranger.models.list(), OpenAI.AuthenticationError)
    const unknown = client.chat.completions.create({ model: 'none/such', messages })
    await assert.rejects(unknown, { status: 404, code: 'model_not_found' })
    await assert.rejects(client.models.retrieve('none'), OpenAI.NotFoundError)
    for (const [param, value] of Object.entries({
      n: 2,
      tools: [{ type: 'function', function: { name: 'x' } }],
      logprobs: true,
      response_format: { type: 'json_object' },
      temperature: 9,
      messages: [],
    })) {
      const refused = client.chat.completions.create({ model: 'small', messages, [param]: value } as never)
      await assert.rejects(refused, { status: 400, param, type: 'invalid_request_error' }, param)
    }
    const image = { type: 'image_url', image_url: { url: 'data:,' } } as const
    const seeing = client.chat.completions.create({
      model: 'small',
      messages: [{ role: 'user', content: [image] }],
    })
    await assert.rejects(seeing, { status: 400, param: 'messages.0.content' })
    const { key } = await running.threadwell.createKey({ name: 'raw' })
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' }
    const malformed = await fetch(`${running.url}/v1/chat/completions`, {
      method: 'POST',
      headers,
      body: '{"model"',
    })
    assert.equal(malformed.status, 400)
    const { error } = (await malformed.json()) as { error: { type: string; message: string } }
    assert.equal(error.type, 'invalid_request_error')
    const [revoked] = (await running.threadwell.keys({})).keys.filter(({ name }) => name === 'raw')
    await running.threadwell.revokeKey({ id: revoked?.id ?? '' })
    assert.equal((await fetch(`${running.url}/v1/models`, { headers })).status, 401)
  }))

test('a stream that breaks off is an error, not an end', async () => {
  const breaking: Complete = async function* () {
    yield { kind: 'text', text: 'Once ', tokens: 1 }
    throw new RunaError('MODEL_FAILED')
  }
  await withClient(breaking, async (client) => {
    const stream = await client.chat.completions.create({
      model: 'small',
      messages: [...question],
      stream: true,
    })
    await assert.rejects(async () => {
      for await (const _ of stream);
    }, OpenAI.APIError)
  })
})
