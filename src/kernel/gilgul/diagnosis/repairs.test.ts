import assert from 'node:assert/strict'
import { test } from 'node:test'
import { failureCauseSchema } from '#protocol'
import { type LADDERS, nextStep, type Rung, type Step, tellLadder } from './repairs.ts'

const ALL = { hasOrphan: true, canShrink: true, canWatch: true }
const NONE = { hasOrphan: false, canShrink: false, canWatch: false }

function climb(cause: keyof typeof LADDERS, means: typeof ALL, deaths: number): Step[] {
  let rung: Rung | undefined
  return Array.from({ length: deaths }, () => {
    const next = nextStep(cause, rung, means)
    rung = next.rung
    return next.step
  })
}

test('each cause has its own ladder, which ends', () => {
  assert.deepEqual(climb('model-too-big', ALL, 4), ['shrink', 'shrink', 'give-up', 'give-up'])
  assert.deepEqual(climb('model-too-big', NONE, 1), ['give-up'])
  assert.deepEqual(climb('out-of-memory', NONE, 3), ['again', 'again', 'give-up'])
  assert.deepEqual(climb('port-taken', ALL, 2), ['end-orphan', 'give-up'])
  assert.deepEqual(climb('port-taken', NONE, 1), ['give-up'])
  assert.deepEqual(climb('disk-full', NONE, 50).at(-1), 'await-room')
  assert.deepEqual(climb('bad-configuration', ALL, 3), ['await-change', 'await-change', 'await-change'])
  assert.deepEqual(climb('permission', NONE, 1), ['give-up'])
})

test('another cause begins at the bottom of its ladder', () => {
  const { rung } = nextStep('model-too-big', { cause: 'model-too-big', taken: 2 }, ALL)
  assert.equal(nextStep('out-of-memory', rung, ALL).step, 'shrink')
})

test('what the owner waits for depends on the cause', () => {
  const step = (cause: 'disk-full' | 'dependency-down' | 'crash', means: typeof ALL) =>
    nextStep(cause, undefined, means, { [cause]: ['wait'] }).step
  assert.deepEqual(
    [step('disk-full', NONE), step('dependency-down', NONE), step('crash', ALL), step('crash', NONE)],
    ['await-room', 'await-needs', 'await-change', 'await-pause'],
  )
})

test('every cause says what is done about it', () => {
  for (const cause of failureCauseSchema.options) assert.ok(tellLadder(cause).length > 0, cause)
})

test('what the system does not start is tried however often, and that uses up nothing of its ladder', () => {
  const refused = { ...ALL, wasRefused: true }
  let rung: Rung | undefined
  for (let tries = 1; tries <= 20; tries += 1) {
    const next = nextStep('limit-reached', rung, refused)
    assert.deepEqual([next.step, next.rung.taken], ['await-system', tries])
    rung = next.rung
  }
  assert.equal(nextStep('limit-reached', rung, ALL).step, 'again')
  assert.equal(nextStep('permission', undefined, { ...refused, canWatch: true }).step, 'await-change')
})
