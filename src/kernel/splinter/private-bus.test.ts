import assert from 'node:assert/strict'
import { closeSync, openSync, readFileSync, readSync, writeSync } from 'node:fs'
import { test } from 'node:test'
import { createKey } from '#kernel/seal'
import { createEnvelope, type Envelope, EVERYBODY } from '#protocol'
import { attachBus, type Bus } from './bus.ts'
import { createTestBuses, until } from './fixture.ts'

const { newBus, seat } = createTestBuses()
const SENTENCE = 'the heron at the mill pond'
const words = new Map([['tieto', createKey()]])
const secret = createKey()

function figure(bus: Bus, name: 'unreadable' | 'damaged' | 'repeated' | 'strayed'): number {
  return bus.members().find(({ address }) => address === bus.address)?.figures[name] ?? -1
}

test('a bus says what it seals, and asks for its secret', () => {
  const path = newBus({ seals: 'everything', keys: 'hashed', secret })
  assert.equal(seat(path, 'alethia', { secret }).seals, 'everything')
  assert.throws(() => attachBus(path, { name: 'eve' }), { code: 'BUS_KEY_MISSING' })
  assert.throws(() => attachBus(path, { name: 'eve', secret: createKey() }), { code: 'BUS_KEY_WRONG' })
  assert.throws(() => newBus({ keys: 'hashed' }), { code: 'BAD_INPUT' })
  assert.equal(seat(newBus({}), 'a').seals, 'nothing')
})

test('a bus whose header was made to say that it seals less is refused by whoever has its keys', () => {
  const words32 = (bytes: Buffer) => new Int32Array(Uint8Array.from(bytes).buffer)
  // Seals and keys, then the check over them, as header.ts lays them out.
  const forge = (path: string, seals: number, keys: number) => {
    const fd = openSync(path, 'r+')
    const header = Buffer.alloc(128)
    readSync(fd, header, 0, 128, 0)
    header.writeInt32LE(seals, 16)
    header.writeInt32LE(keys, 20)
    let check = 0x811c_9dc5
    for (const word of words32(header).subarray(0, 31)) check = Math.imul(check ^ word, 0x0100_0193)
    header.writeInt32LE(check, 124)
    writeSync(fd, header, 0, 128, 0)
    closeSync(fd)
  }
  const sealing = newBus({ seals: 'words' })
  forge(sealing, 0, 0)
  assert.equal(seat(sealing, 'keyless').seals, 'nothing')
  assert.throws(() => attachBus(sealing, { name: 'a', words }), { code: 'BUS_KEY_WRONG' })
  for (const seals of [0, 1, 2]) {
    for (const keys of [0, 1]) {
      const path = newBus({ seals: 'everything', keys: 'hashed', secret })
      forge(path, seals, keys)
      const attach = () => seat(path, 'alethia', { words, secret })
      if (seals === 2 && keys === 1) assert.equal(attach().seals, 'everything')
      else assert.throws(attach, { code: 'BUS_KEY_WRONG' }, `seals ${seals}, keys ${keys}`)
    }
  }
})

test('words cross the memory unseen, and reach only those who have their key', async () => {
  const path = newBus({ seals: 'words' })
  const [speaker, hearer, keyless] = [seat(path, 'a', { words }), seat(path, 'b', { words }), seat(path, 'c')]
  const heard: Envelope[] = []
  for (const bus of [hearer, keyless]) bus.overhear((envelope) => heard.push(envelope))
  const news = { from: 'a', to: EVERYBODY, type: 'event', payload: SENTENCE } as const
  const sealed = createEnvelope({ ...news, words: 'tieto' })
  assert.throws(() => keyless.send(sealed), { code: 'BUS_KEY_MISSING' })
  speaker.send(sealed)
  await until(() => heard.length > 0 && figure(keyless, 'unreadable') > 0)
  assert.deepEqual(heard, [sealed])
  assert.ok(!readFileSync(path).includes(SENTENCE))
  // The same scan finds what was not declared.
  speaker.send(createEnvelope(news))
  await until(() => heard.length === 3)
  assert.ok(readFileSync(path).includes(SENTENCE))
})

test('a sealed call that is put before a service again is not heard, and counted', async () => {
  const path = newBus({ seals: 'words' })
  const [service, caller] = [seat(path, 'tieto', { words }), seat(path, 'cli', { words })]
  service.setState('ready')
  let heard = 0
  service.receive(() => {
    heard += 1
  })
  const call = { from: caller.address, to: 'tieto', type: 'query', payload: 1 } as const
  const sealed = createEnvelope({ ...call, words: 'tieto' })
  caller.send(sealed)
  caller.send(sealed)
  await until(() => figure(service, 'repeated') === 1)
  assert.equal(heard, 1)
})

test('where words are sealed, what was read from an inbox is overwritten, however it ran round its ring', async () => {
  for (const seals of ['words', 'nothing'] as const) {
    const path = newBus({ seals })
    const [receiver, sender] = [seat(path, 'a'), seat(path, 'b')]
    const lengths: number[] = []
    receiver.receive(({ payload }) => lengths.push(String(payload).length))
    const message = { from: sender.address, to: receiver.address, type: 'event' } as const
    for (let count = 0; count < 40; count += 1) {
      sender.send(createEnvelope({ ...message, payload: SENTENCE.repeat(50 + count) }))
      await until(() => lengths.length === count + 1)
    }
    assert.deepEqual(lengths.at(-1), SENTENCE.length * 89)
    assert.equal(readFileSync(path).includes(SENTENCE), seals === 'nothing')
  }
})

test('a topic that carries words seals its messages', async () => {
  const path = newBus({ seals: 'words' })
  const [speaker, hearer, keyless] = [seat(path, 'a', { words }), seat(path, 'b', { words }), seat(path, 'c')]
  const heard: string[] = []
  hearer
    .topic('progress', { words: 'tieto' })
    .subscribe((message) => heard.push(Buffer.from(message).toString()))
  const topic = speaker.topic('progress', { words: 'tieto' })
  topic.publish(Buffer.from(SENTENCE))
  // Whoever writes there without the key is not heard.
  keyless.topic('progress').publish(Buffer.from('forged, and long enough to hold a seal'))
  await topic.publishWhenFree(Buffer.from('last'))
  await until(() => heard.length === 2)
  assert.deepEqual(heard, [SENTENCE, 'last'])
  assert.equal(figure(hearer, 'damaged'), 1)
  assert.ok(!readFileSync(path).includes(SENTENCE))
  assert.throws(() => keyless.topic('progress', { words: 'tieto' }), { code: 'BUS_KEY_MISSING' })
})

test('a value that carries words is sealed, and bound to its key', () => {
  const path = newBus({ seals: 'words' })
  const [{ store }, keyless] = [seat(path, 'a', { words }), seat(path, 'b')]
  const option = { words: 'tieto' }
  store.set('mood', Buffer.from(SENTENCE), option)
  assert.equal(Buffer.from(store.get('mood', option) ?? []).toString(), SENTENCE)
  assert.ok(!readFileSync(path).includes(SENTENCE))
  const into = Buffer.alloc(100)
  assert.equal(store.getInto('mood', into, option), SENTENCE.length)
  assert.equal(into.toString('utf8', 0, SENTENCE.length), SENTENCE)
  assert.equal(store.getInto('none', into, option), -1)
  assert.throws(() => store.getInto('mood', Buffer.alloc(3), option), { code: 'BAD_INPUT' })
  assert.throws(() => keyless.store.get('mood', option), { code: 'BUS_KEY_MISSING' })
  // What was sealed for one key is not read under another, and what is clear is not read as sealed.
  keyless.store.set('other', store.get('mood') ?? new Uint8Array())
  keyless.store.set('clear', Buffer.from('clear'))
  for (const key of ['other', 'clear']) assert.throws(() => store.get(key, option), { code: 'SEAL_BROKEN' })
  assert.throws(() => store.set('long', new Uint8Array(32_768), option), { code: 'BAD_INPUT' })
  store.set('long', new Uint8Array(32_768 - 36), option)
})

test('with hashed keys, neither keys nor values stand in memory, and nobody can list them', () => {
  const path = newBus({ seals: 'everything', keys: 'hashed', secret })
  const [{ store }, other] = [seat(path, 'a', { secret }), seat(path, 'b', { secret })]
  store.set('diary:heron', Buffer.from(SENTENCE))
  store.add('visits to the pond', 2n)
  assert.equal(Buffer.from(other.store.get('diary:heron') ?? []).toString(), SENTENCE)
  assert.equal(other.store.load('visits to the pond'), 2n)
  const memory = readFileSync(path)
  for (const text of [SENTENCE, 'diary', 'visits']) assert.ok(!memory.includes(text), text)
  assert.throws(() => store.list(), { code: 'BAD_INPUT', message: /hashed/ })
  assert.ok(store.delete('diary:heron'))
  assert.equal(other.store.get('diary:heron'), undefined)
})

test('a bus with UUIDs for keys takes no other', () => {
  const { store } = seat(newBus({ keys: 'uuid' }), 'a')
  const id = createEnvelope({ from: 'a', to: 'b', type: 'event' }).id
  store.set(id, Buffer.from('x'))
  assert.deepEqual(store.list(), [id])
  for (const key of ['heron', `${id}0`, id.toUpperCase()]) {
    assert.throws(() => store.set(key, new Uint8Array()), { code: 'BAD_INPUT' })
  }
})

test('an event of a mebibyte reaches who listens, where topics have room for it', async () => {
  const path = newBus({ topicsBytes: 2 ** 20 + 2 ** 15, seals: 'everything', secret })
  const [speaker, hearer] = [seat(path, 'a', { secret }), seat(path, 'b', { secret })]
  const heard: Envelope[] = []
  hearer.overhear((envelope) => heard.push(envelope))
  const payload = new Uint8Array(2 ** 20).fill(7)
  speaker.send(createEnvelope({ from: 'a', to: EVERYBODY, type: 'event', payload }))
  await until(() => heard.length > 0)
  assert.deepEqual(heard[0]?.payload, payload)
})
