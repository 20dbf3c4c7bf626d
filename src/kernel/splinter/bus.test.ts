import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createEnvelope, type Envelope, EVERYBODY } from '#protocol'
import { createTestBuses, until } from './fixture.ts'

const { newBus, seat } = createTestBuses()

test('an envelope reaches a service by its name once that is ready, and a member by its address', async () => {
  const path = newBus()
  const [service, caller] = [seat(path, 'tieto'), seat(path, 'cli')]
  const heard: Envelope[] = []
  service.receive((envelope) => heard.push(envelope))
  caller.receive((envelope) => heard.push(envelope))
  const query = createEnvelope({ from: caller.address, to: 'tieto', type: 'query', payload: { text: 'håt' } })
  assert.throws(() => caller.send(query), { code: 'SERVICE_LOST' })
  service.setState('ready')
  caller.send(query)
  await until(() => heard.length === 1)
  assert.deepEqual(heard[0], query)
  service.send(
    createEnvelope({ from: 'tieto', to: caller.address, type: 'response', payload: new Uint8Array(3) }),
  )
  await until(() => heard.length === 2)
  assert.deepEqual(heard[1]?.payload, new Uint8Array(3))
})

test('an event reaches everybody who listens', async () => {
  const path = newBus()
  const members = ['a', 'b', 'c'].map((name) => seat(path, name))
  const heard: string[] = []
  for (const member of members) member.overhear(({ operation }) => heard.push(`${member.name} ${operation}`))
  members[0]?.send(createEnvelope({ from: 'a', to: EVERYBODY, type: 'event', operation: 'changed' }))
  await until(() => heard.length === 3)
  assert.deepEqual(heard.sort(), ['a changed', 'b changed', 'c changed'])
})

test('what a member had sent is heard before its death is', async () => {
  const path = newBus()
  const [service, caller] = [seat(path, 'tieto'), seat(path, 'cli')]
  service.setState('ready')
  let heard = 0
  caller.receive(() => (heard += 1))
  const heardBefore: number[] = []
  caller.watch('tieto', () => heardBefore.push(heard))
  for (let count = 0; count < 200; count += 1) {
    service.send(createEnvelope({ from: 'tieto', to: caller.address, type: 'response' }))
  }
  service.close()
  await until(() => heardBefore.length === 1)
  assert.deepEqual(heardBefore, [200])
})

test('who leaves is lost at once, for those who watch and for those who send', async () => {
  const path = newBus()
  const [service, caller] = [seat(path, 'tieto'), seat(path, 'cli')]
  service.setState('ready')
  let lost = 0
  caller.watch('tieto', () => (lost += 1))
  service.close()
  await until(() => lost === 1)
  const query = createEnvelope({ from: caller.address, to: 'tieto', type: 'query' })
  assert.throws(() => caller.send(query), { code: 'SERVICE_LOST' })
  assert.deepEqual(
    caller.members().map((member) => member.name),
    ['cli'],
  )
})

test('who has left changes nothing about the one who has its row now', async () => {
  const path = newBus()
  const before = seat(path, 'before')
  before.close()
  const after = seat(path, 'after')
  before.setState('ready')
  before.beat(7)
  const [member] = after.members()
  assert.deepEqual([member?.name, member?.state, member?.running], ['after', 'attached', 0])
  assert.equal(member?.silentMs, undefined)
})

test('a bus says what it was made with, and what fits on it', () => {
  const path = newBus({ slotsMax: 100, keys: 'uuid' })
  const { limits } = seat(path, 'any')
  assert.deepEqual(
    [limits.slotsMax, limits.keyStyle, limits.seals, limits.inboxBytes],
    [100, 'uuid', 'nothing', 65_536],
  )
  assert.ok(limits.sizeBytes <= 4 * 2 ** 20 && limits.envelopeBytesMax <= limits.inboxBytes)
})
