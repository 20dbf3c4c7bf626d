import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { connect, type NatsConnection } from '@nats-io/transport-node'
import { attachBus } from '#kernel/splinter'
import { createTestServer, type TestServer, whyNoServer } from '../../src/face/nats/fixture.ts'
import { createTestRuna, kill, until } from './test-runa.ts'

const missing = whyNoServer()

describe('topics that are carried beyond the machine', missing ? { skip: missing } : {}, () => {
  let server: TestServer
  let runa: ReturnType<typeof createTestRuna>
  let outside: NatsConnection
  const heard: string[] = []

  before(async () => {
    server = await createTestServer()
    await server.start()
    outside = await connect({ servers: server.url })
    outside.subscribe('home.news.kitchen', {
      callback: (_error, message) => void heard.push(message.string()),
    })
    await outside.flush()
    runa = createTestRuna(
      `nats:\n  name: kitchen\n  servers: ["${server.url}"]\n  topics:\n    - { topic: news, subject: home.news, lasting: true }\n`,
    )
    await runa.start()
  })
  after(async () => {
    await outside.close()
    await runa.remove()
    await server.end()
  })

  const publish = async (text: string) =>
    assert.equal((await runa.runa('bus', 'publish', 'news', text)).status, 0)
  const isConnected = async () => (await runa.status('nats')).state === 'running'

  test('what is published here is heard outside, also what was published while the service was dead', async () => {
    await until(isConnected)
    await publish('one')
    await until(async () => heard.length === 1)
    kill((await runa.status('nats')).pid ?? 0)
    await publish('two')
    await until(async () => heard.length === 2)
    assert.deepEqual(heard, ['one', 'two'])
  })

  test('what is said outside is heard here, and does not go back', async () => {
    const bus = attachBus(join(runa.busFolder, 'bus'), { name: 'listener' })
    const here: string[] = []
    bus.topic('news').subscribe((message) => here.push(Buffer.from(message).toString()))
    outside.publish('home.news.elsewhere', 'from afar')
    await until(async () => here.length === 1)
    await publish('three')
    await until(async () => heard.length === 3)
    bus.close()
    assert.deepEqual([here[0], heard], ['from afar', ['one', 'two', 'three']])
  })
})
