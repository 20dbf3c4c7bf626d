import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { call, createMemoryTransports, listen, serve } from '#kernel/service'
import { redact, snarfContract } from '#protocol'
import { createSnarfHandlers } from './service.ts'
import { openSnarf } from './snarf.ts'

const root = await mkdtemp(join(tmpdir(), 'runa-snarf-service-'))
after(() => rm(root, { recursive: true }))

async function openService() {
  const [serverSide, callerSide] = createMemoryTransports()
  const folder = join(await mkdtemp(join(root, 'test-')), 'profile')
  const opened = await openSnarf(folder, { onChange: () => service.emit('changed', {}) })
  const service = serve(snarfContract, createSnarfHandlers(opened), serverSide)
  return { service, snarf: call(snarfContract, callerSide), callerSide }
}

test('every operation works over the contract, and a change is announced', async () => {
  const { service, snarf, callerSide } = await openService()
  let changes = 0
  listen(snarfContract, callerSide, { changed: () => (changes += 1) })
  await assert.rejects(snarf.set({ settings: { humour: 'none' } }), { code: 'CONSENT_NEEDED' })
  assert.equal((await snarf.agree({ to: 'learning' })).agreed, 'learning')
  assert.deepEqual(await snarf.observe({ message: 'Shorter, please.' }), {
    changed: ['length'],
    counted: true,
  })
  const { instruction, settings } = await snarf.plan({ message: 'What is a quay?' })
  assert.match(instruction, /a few sentences/)
  assert.deepEqual(
    settings.map(({ dimension, source }) => [dimension, source]),
    [['length', 'explicit']],
  )
  assert.equal((await snarf.set({ settings: { humour: 'none' }, mode: 'focus' })).mode, 'focus')
  assert.ok(
    (await snarf.lock({ dimensions: ['humour'], locked: true })).settings.some(({ locked }) => locked),
  )
  assert.equal((await snarf.pause({ paused: true })).paused, true)
  const { asks, scale, setting } = await snarf.explain({ dimension: 'humour' })
  assert.deepEqual([asks, scale.length, setting.level], ['Are there jokes?', 3, 'none'])
  assert.equal((await snarf.export({})).profile?.manner.humour, 'none')
  assert.deepEqual(
    (await snarf.reset({})).settings.filter(({ source }) => source !== 'default'),
    [],
  )
  assert.equal((await snarf.profile({})).days, 0)
  assert.equal((await snarf.agree({ to: 'nothing' })).agreed, 'nothing')
  assert.ok(changes >= 6)
  await service.stop()
})

test('a field that the contract does not spell out is refused', async () => {
  const { service, snarf } = await openService()
  await snarf.agree({ to: 'settings' })
  const strange = { settings: { diagnosis: 'none' } } as unknown as { settings: { humour: 'none' } }
  await assert.rejects(snarf.set(strange), { code: 'BAD_INPUT' })
  assert.deepEqual((await snarf.export({})).profile?.manner, {})
  await service.stop()
})

test('the words of a message do not reach a log', () => {
  for (const operation of ['observe', 'plan'] as const) {
    const logged = redact(snarfContract.operations[operation].input, { message: 'dear diary' })
    assert.doesNotMatch(JSON.stringify(logged), /diary/)
  }
})
