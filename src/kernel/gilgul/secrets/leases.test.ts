import assert from 'node:assert/strict'
import { mock, type TestContext, test } from 'node:test'
import * as fc from 'fast-check'
import { sinceBootMs } from '#kernel/sys'
import { createLeases, type LeasesOptions } from './leases.ts'

const DAY_MS = 24 * 3_600_000

interface Told {
  readonly secret: string
  readonly reason: string
}

/** Time is told by `clock.nowMs`, and timers by a clock of their own, as they are on a machine that sleeps. */
function createStage(context: TestContext, options: Partial<LeasesOptions> = {}) {
  context.mock.timers.enable({ apis: ['setTimeout', 'Date'], now: 1_700_000_000_000 })
  const clock = { nowMs: 5_000 }
  const told: Told[] = []
  const leases = createLeases({
    left: [],
    onEnd: ({ secret }, reason) => told.push({ secret, reason }),
    onChange: () => {},
    nowMs: () => clock.nowMs,
    ...options,
  })
  const pass = (durationMs: number) => {
    clock.nowMs += durationMs
    context.mock.timers.tick(durationMs)
  }
  const begin = (secret: string, leaseMs: number | null, service = 'tieto') =>
    leases.begin({ service, secret, version: 1, pid: 1, leaseMs })
  return { clock, told, leases, pass, begin }
}

test('a lease ends when its time is over, and not before', (context) => {
  const { told, pass, begin, leases } = createStage(context)
  begin('mail', 60_000)
  begin('key', null)
  pass(59_000)
  assert.deepEqual(told, [])
  pass(2_000)
  assert.deepEqual(told, [{ secret: 'mail', reason: 'expired' }])
  pass(DAY_MS)
  assert.deepEqual(
    leases.all().map(({ secret }) => secret),
    ['key'],
  )
})

test('a day that the clock jumps, either way, ends no lease and prolongs none', (context) => {
  for (const jumpMs of [DAY_MS, -DAY_MS]) {
    const { told, pass, begin, leases } = createStage(context)
    begin('mail', 60_000)
    pass(20_000)
    mock.timers.reset()
    context.mock.timers.setTime(Date.now() + DAY_MS + jumpMs)
    assert.deepEqual([told, leases.leftMs(leases.all()[0] ?? assert.fail())], [[], 40_000])
    pass(39_000)
    assert.deepEqual(told, [])
    pass(2_000)
    assert.deepEqual(told, [{ secret: 'mail', reason: 'expired' }])
    context.mock.timers.reset()
  }
})

test('what ended while the machine slept is told soon after it wakes', (context) => {
  const { clock, told, begin } = createStage(context)
  begin('mail', 15 * 60_000)
  clock.nowMs += DAY_MS
  context.mock.timers.tick(30_001)
  assert.deepEqual(told, [{ secret: 'mail', reason: 'expired' }])
})

test('to ask again renews a lease, under the same name', (context) => {
  const { told, pass, begin, leases } = createStage(context)
  const { id } = begin('mail', 60_000)
  pass(50_000)
  assert.equal(begin('mail', 60_000).id, id)
  pass(50_000)
  assert.deepEqual([told, leases.all().length], [[], 1])
  pass(11_000)
  assert.equal(told.length, 1)
})

test('what is taken back is told once, and what nobody holds any more is told to nobody', (context) => {
  const { told, begin, leases } = createStage(context)
  for (const service of ['tieto', 'snarf']) begin('mail', 60_000, service)
  leases.end(({ service }) => service === 'snarf', 'revoked')
  leases.end(({ service }) => service === 'snarf', 'revoked')
  leases.forget(({ service }) => service === 'tieto')
  assert.deepEqual([told, leases.all()], [[{ secret: 'mail', reason: 'revoked' }], []])
})

test('the next gilgul goes on with the leases of the last one', (context) => {
  const before = createStage(context)
  before.begin('mail', 60_000)
  const left = before.leases.all()
  before.leases.close()
  context.mock.timers.reset()
  const after = createStage(context, { left: JSON.parse(JSON.stringify(left)) })
  after.pass(61_000)
  assert.deepEqual(after.told, [{ secret: 'mail', reason: 'expired' }])
})

test('so many leases there may be, and renewing one is no further one', (context) => {
  const { begin, leases } = createStage(context)
  for (let count = 0; count < 256; count += 1) begin(`s${count}`, 60_000)
  assert.throws(() => begin('more', 60_000), { code: 'BUSY' })
  assert.equal(begin('s7', 60_000).secret, 's7')
  assert.equal(leases.all().length, 256)
})

test('whatever is begun, renewed, ended and waited for, no lease outlives its time', (context) => {
  const step = fc.oneof(
    fc.record({
      kind: fc.constant('begin' as const),
      secret: fc.constantFrom('a', 'b', 'c'),
      ms: fc.integer({ min: 1_000, max: 90_000 }),
    }),
    fc.record({
      kind: fc.constant('end' as const),
      secret: fc.constantFrom('a', 'b', 'c'),
      ms: fc.constant(0),
    }),
    fc.record({
      kind: fc.constant('pass' as const),
      secret: fc.constant(''),
      ms: fc.integer({ min: 0, max: 60_000 }),
    }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const { leases, begin, pass, clock } = createStage(context)
      const ends = new Map<string, number>()
      for (const { kind, secret, ms } of steps) {
        if (kind === 'begin') ends.set(begin(secret, ms).secret, clock.nowMs + ms)
        if (kind === 'end') leases.end((lease) => lease.secret === secret && ends.delete(secret), 'revoked')
        if (kind === 'pass') pass(ms)
        const due = [...ends].filter(([, endMs]) => endMs > clock.nowMs - 2).map(([name]) => name)
        assert.ok(leases.all().every((lease) => due.includes(lease.secret)))
      }
      context.mock.timers.reset()
    }),
    { numRuns: 60 },
  )
})

test('the clock of the machine runs on', () => {
  const before = sinceBootMs()
  assert.ok(before > 0 && sinceBootMs() >= before)
})
