import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Keeper } from '../keeping/keeper.ts'
import type { Told } from './history.ts'
import { describeRise } from './rise.ts'
import { watchKeepers } from './watch-keepers.ts'

const ENDING = { sentence: 'It was ended by SIGKILL.', advice: '', code: undefined }

type Change = readonly [state: ReturnType<Keeper['standing']>['state'], birth: number]

/** What is told of a service that goes through these states, a second each. */
function toldOf(changes: readonly Change[], birthBefore?: number): Told[] {
  const told: Told[] = []
  let nowMs = 0
  const watch = watchKeepers({
    birthsBefore: new Map(birthBefore === undefined ? [] : [['tieto', birthBefore]]),
    tell: (happening) => told.push(happening),
    nowMs: () => nowMs,
  })
  for (const [state, birth] of changes) {
    nowMs += 1_000
    watch.look({
      spec: { name: 'tieto' },
      standing: () => ({ state, reason: 'So.', ending: ENDING, process: { pid: 10 + birth, startTicks: 1 } }),
      legacy: () => ({ birth }),
    } as unknown as Keeper)
  }
  return told
}

test('a life is told as start, readiness and death, with how long each took', () => {
  const told = toldOf([
    ['starting', 1],
    ['running', 1],
    ['running', 1],
    ['backoff', 1],
    ['starting', 2],
    ['failed', 2],
  ])
  assert.deepEqual(
    told.map(({ kind, birth, pid, durationMs }) => [kind, birth, pid, durationMs]),
    [
      ['started', 1, 11, undefined],
      ['ready', 1, 11, 1_000],
      ['died', 1, 11, 3_000],
      ['started', 2, 12, undefined],
      ['died', 2, 12, 1_000],
      ['given-up', 2, 12, undefined],
    ],
  )
  assert.equal(told[2]?.text, ENDING.sentence)
})

test('what an earlier gilgul had started was adopted, and its next start is a start', () => {
  const kinds = toldOf(
    [
      ['running', 4],
      ['backoff', 4],
      ['starting', 5],
      ['running', 5],
    ],
    4,
  ).map(({ kind }) => kind)
  assert.deepEqual(kinds, ['adopted', 'died', 'started', 'ready'])
})

test('a stop is told of what was there, and not of what only waited', () => {
  const kinds = (changes: readonly Change[]) => toldOf(changes).map(({ kind }) => kind)
  assert.deepEqual(
    kinds([
      ['waiting', 0],
      ['stopped', 0],
    ]),
    [],
  )
  assert.deepEqual(
    kinds([
      ['starting', 1],
      ['stopping', 1],
      ['stopped', 1],
    ]),
    ['started', 'stopped'],
  )
})

test('a rise says whether a world began, a gilgul died, or coven did', () => {
  const successions = { RUNA_SUCCESSIONS: '[12]' }
  assert.equal(describeRise({}, false).kind, 'began')
  assert.equal(describeRise({ RUNA_RESTARTS: '2' }, true).kind, 'took-over')
  assert.equal(describeRise({ RUNA_RESTARTS: '0', ...successions }, true).kind, 'succeeded')
  assert.equal(describeRise({ RUNA_RESTARTS: '1', ...successions }, true).kind, 'took-over')
})
