import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import type { ServiceSpec } from '../spec/spec.ts'
import { createStage, LIMITS, spec } from './stage-fixture.ts'
import { companionsOf } from './strategies.ts'

type Strategy = NonNullable<ServiceSpec['group']>['strategy']

const QUICK = { restart: { ...LIMITS.restart, pauseFirstMs: 1, pauseMaxMs: 1, deathsMax: 1_000 } }

function member(name: string, strategy: Strategy, needs: readonly string[] = [], group = 'g'): ServiceSpec {
  return spec(name, needs, { ...QUICK, group: { name: group, strategy } })
}

async function settle(stage: ReturnType<typeof createStage>): Promise<void> {
  for (;;) {
    const keepers = stage.supervisor.keepers()
    if (keepers.every(({ standing }) => standing().state === 'running')) return
    for (const keeper of keepers) if (keeper.standing().state === 'starting') keeper.heard()
    await new Promise(setImmediate)
  }
}

async function started(specs: readonly ServiceSpec[]) {
  const stage = createStage(specs)
  void stage.supervisor.start()
  await settle(stage)
  return stage
}

/** Which services were started anew because of one death. */
async function restartedBy(stage: ReturnType<typeof createStage>, name: string): Promise<string[]> {
  const before = stage.launched.length
  const dead = stage.last(name)
  dead.die({ code: 1 })
  while (stage.last(name) === dead) await new Promise(setImmediate)
  await settle(stage)
  return stage.launched
    .slice(before)
    .map((fake) => fake.name)
    .sort()
}

test('alone, with those that need it, or with all of its group: as its strategy says', async () => {
  const stage = await started([
    member('a', 'rest_for_one'),
    member('b', 'one_for_one', ['a']),
    member('c', 'one_for_all', ['b']),
    member('d', 'one_for_one'),
    member('e', 'one_for_one', ['a'], 'another'),
  ])
  assert.deepEqual(await restartedBy(stage, 'a'), ['a', 'b', 'c'])
  assert.deepEqual(await restartedBy(stage, 'b'), ['b'])
  assert.deepEqual(await restartedBy(stage, 'c'), ['a', 'b', 'c', 'd'])
  await stage.supervisor.stop()
})

test('who needs the dead one comes back after it', async () => {
  const stage = await started([member('a', 'one_for_all'), member('b', 'one_for_all', ['a'])])
  const before = stage.launched.length
  const dead = stage.last('a')
  dead.die({ code: 1 })
  while (stage.last('a') === dead) await new Promise(setImmediate)
  await settle(stage)
  assert.deepEqual(
    stage.launched.slice(before).map(({ name }) => name),
    ['a', 'b'],
  )
  await stage.supervisor.stop()
})

test('what is stopped for good is not brought back by a companion that was about to', async () => {
  const stage = await started([member('a', 'one_for_all'), member('b', 'one_for_all')])
  stage.last('a').die({ code: 1 })
  await stage.supervisor.stop()
  const before = stage.launched.length
  for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate)
  assert.equal(stage.launched.length, before)
  assert.deepEqual([stage.stateOf('a'), stage.stateOf('b')], ['stopped', 'stopped'])
})

test('whatever the groups and whoever dies, it and its companions are started once, and nobody else', async () => {
  const strategy = fc.constantFrom<Strategy>('one_for_one', 'rest_for_one', 'one_for_all')
  const world = fc.array(
    fc.record({ strategy, group: fc.constantFrom('g', 'h'), needs: fc.array(fc.nat(), { maxLength: 2 }) }),
    { minLength: 1, maxLength: 6 },
  )
  await fc.assert(
    fc.asyncProperty(world, fc.array(fc.nat(), { minLength: 1, maxLength: 4 }), async (drawn, deaths) => {
      const specs = drawn.map(({ strategy: how, group, needs }, index) => {
        const earlier = index === 0 ? [] : [...new Set(needs.map((need) => `s${need % index}`))]
        return member(`s${index}`, how, earlier, group)
      })
      const stage = await started(specs)
      for (const death of deaths) {
        const dead = specs[death % specs.length] ?? assert.fail()
        const expected = [dead.name, ...companionsOf(dead, specs)].sort()
        assert.deepEqual(await restartedBy(stage, dead.name), expected)
      }
      await stage.supervisor.stop()
    }),
    { numRuns: 40 },
  )
})
