import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { packageFolder } from '#kernel/home'
import { call, createMemoryTransports, listen } from '#kernel/service'
import { type Envelope, RunaError, secretsContract } from '#protocol'
import { offerSecrets } from './offer.ts'

const LEASE = '5f1e0d2c3b4a59687786950413223140'

/** What the guide lets a program say to `secrets`, and what it is answered. */
const talk = readFileSync(join(packageFolder(), 'docs/guides/any-language.md'), 'utf8')
  .split('\n')
  .flatMap((line) => {
    const [, envelope = '{}'] = /^ {4}[→←] (\{.*\})$/.exec(line) ?? []
    const parsed = JSON.parse(envelope) as Envelope
    return [parsed.from, parsed.to].includes('secrets') ? [parsed] : []
  })

test('a program is answered as the guide says', async () => {
  const [query = assert.fail('the guide shows no query'), answer = assert.fail('nor its answer')] = talk
  const [program, bridge] = createMemoryTransports()
  const offer = offerSecrets(async (name) => {
    assert.equal(name, 'mail')
    return { value: Buffer.from('of 11 bytes'), version: 1, lease: LEASE, leaseMs: 900_000 }
  }, bridge)
  const answered = new Promise<Envelope>((resolve) => program.listen(resolve))
  program.send({ ...query, sentAt: Date.now() })
  const { id, sentAt, ...said } = await answered
  const { id: _, sentAt: __, ...shown } = answer
  assert.ok(id && sentAt)
  assert.deepEqual(JSON.parse(JSON.stringify(said)), shown)
  await offer.stop()
  program.close()
})

test('a refusal has its code, a one-time secret no lease, and the end of a lease is told', async () => {
  const [program, bridge] = createMemoryTransports()
  const offer = offerSecrets(async (name) => {
    if (name === 'other') throw new RunaError('SECRET_NOT_GRANTED')
    return { value: Buffer.from('x'), version: 1, lease: undefined, leaseMs: 0 }
  }, bridge)
  const secrets = call(secretsContract, program)
  await assert.rejects(secrets.reveal({ name: 'other' }), { code: 'SECRET_NOT_GRANTED' })
  assert.deepEqual(await secrets.reveal({ name: 'once' }), { version: 1, leaseMs: 0, value: 'eA==' })
  const told = new Promise((resolve) => listen(secretsContract, program, { leaseEnded: resolve }))
  offer.emit('leaseEnded', { lease: LEASE, service: 'tieto', reason: 'revoked' })
  assert.deepEqual(await told, { lease: LEASE, service: 'tieto', reason: 'revoked' })
  await offer.stop()
  program.close()
})
