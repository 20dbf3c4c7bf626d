import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { LeaseEnded } from '#protocol'
import { RunaError } from '#protocol'
import { holdSecret } from './held-secret.ts'

const LEASE = 'a'.repeat(32)

function createStage(context: TestContext, terms: { lease: string | undefined; leaseMs: number | null }) {
  context.mock.timers.enable({ apis: ['setTimeout'] })
  let hear = (_: LeaseEnded) => {}
  const stage = { nowMs: 0, asked: 0, refuses: false, hears: true }
  const secrets = {
    async lease() {
      stage.asked += 1
      if (stage.refuses) throw new RunaError('SECRET_NOT_GRANTED')
      return { value: Buffer.from(`value ${stage.asked}`), version: stage.asked, ...terms }
    },
    onLeaseEnd(listener: typeof hear) {
      hear = listener
      return () => {
        stage.hears = false
      }
    },
  }
  const held = holdSecret(secrets, 'mail', () => stage.nowMs)
  context.after(held.close)
  const use = async () => String(await held.use())
  return { stage, held, use, end: () => hear({ lease: LEASE, service: 'tieto', reason: 'revoked' }) }
}

test('a secret is asked for one time while its lease lasts, and again after', async (context) => {
  const { stage, use } = createStage(context, { lease: LEASE, leaseMs: 60_000 })
  assert.deepEqual([await use(), await use()], ['value 1', 'value 1'])
  stage.nowMs = 60_000
  assert.equal(await use(), 'value 2')
  assert.equal(stage.asked, 2)
})

test('what was taken back is not used again, whatever the time', async (context) => {
  const { stage, use, end } = createStage(context, { lease: LEASE, leaseMs: null })
  await use()
  end()
  stage.refuses = true
  await assert.rejects(use(), { code: 'SECRET_NOT_GRANTED' })
})

test('what was taken back while it was on its way is used for that one time only', async (context) => {
  const { stage, use, end } = createStage(context, { lease: LEASE, leaseMs: 60_000 })
  const using = use()
  end()
  assert.equal(await using, 'value 1')
  stage.refuses = true
  await assert.rejects(use(), { code: 'SECRET_NOT_GRANTED' })
})

test('a one-time secret is not held', async (context) => {
  const { stage, use } = createStage(context, { lease: undefined, leaseMs: 0 })
  assert.equal(await use(), 'value 1')
  await use()
  assert.equal(stage.asked, 2)
})

test('whoever closes it hears nothing more', (context) => {
  const { stage, held } = createStage(context, { lease: LEASE, leaseMs: 1_000 })
  held.close()
  assert.equal(stage.hears, false)
})
