import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Bounds, explore, type Scenario } from './explore.ts'
import { LOSSY_LAP, RING_CASES } from './ring-cases.ts'
import { ringScenario, WITH_FENCE, WITHOUT_FENCE } from './ring-scenarios.ts'
import { sleepScenario } from './sleep-scenario.ts'
import { OVERWRITE, STORE_CASES } from './store-cases.ts'
import { storeScenario } from './store-scenarios.ts'

function endsWell(scenario: Scenario, bounds: Bounds): void {
  const { fault, states } = explore(scenario, bounds)
  assert.equal(fault, undefined)
  assert.ok(states > 50, `${states} states`)
}

function endsBadly(scenario: Scenario, bounds: Bounds, expected: RegExp): void {
  assert.match(explore(scenario, bounds).fault?.message ?? 'nothing found', expected)
}

/** A part of what `npm run torture -- interleavings` goes through. */
const SHORT = { interruptions: 1, deaths: 1, statesMax: 500 }

for (const script of STORE_CASES.slice(0, 5)) {
  test(`${script.name}: every order with one interruption and one death ends well`, async () => {
    endsWell(await storeScenario(script), SHORT)
  })
}

for (const script of RING_CASES) {
  test(`${script.name}: every order with one interruption and one death ends well`, async () => {
    endsWell(await ringScenario(script), SHORT)
  })
}

test('nobody sleeps while there is work, whoever rings whenever, and whoever of them dies', async () => {
  endsWell(await sleepScenario(1), { deaths: 1 })
  endsWell(await sleepScenario(2), SHORT)
})

test('on ARM, the fences of the ring are enough for one access out of its order, and needed', async () => {
  const bounds = { interruptions: 1, oddities: 1 }
  endsWell(await ringScenario(LOSSY_LAP, { isWeak: true, replace: WITH_FENCE }), {
    ...bounds,
    statesMax: 3_000,
  })
  endsBadly(
    await ringScenario(LOSSY_LAP, { isWeak: true, replace: WITHOUT_FENCE }),
    bounds,
    /no order explains/,
  )
})

test('on ARM, the fences of the store are enough for one access out of its order, and needed', async () => {
  const bounds = { interruptions: 1, oddities: 1 }
  endsWell(await storeScenario(OVERWRITE, { isWeak: true, replace: WITH_FENCE }), {
    ...bounds,
    statesMax: 3_000,
  })
  endsBadly(
    await storeScenario(OVERWRITE, { isWeak: true, replace: WITHOUT_FENCE }),
    bounds,
    /no order explains/,
  )
})

test('a store that does not mark what it writes over is found out', async () => {
  const plant = { 'kernel/splinter/store/values': [['this.words[slot + WRITING] = version;', '']] } as const
  endsBadly(await storeScenario(OVERWRITE, { plant }), { interruptions: 1 }, /no order explains/)
})

test('a ring that does not say what it forgets is found out', async () => {
  const plant = {
    'kernel/splinter/topics/ring': [['Atomics.store(this.words, word, this.state.tailSequence)', '']],
  } as const
  endsBadly(await ringScenario(LOSSY_LAP, { plant }), { interruptions: 1 }, /no order explains/)
})

test('one who sleeps without looking again is found out', async () => {
  const plant = {
    'kernel/splinter/seat/pump': [['if ([...sources].some((source) => source.hasWork()))', 'if (false)']],
  } as const
  endsBadly(await sleepScenario(1, { plant }), { interruptions: 2 }, /it sleeps/)
})

test('one who rings before the work is there is found out', async () => {
  const plant = { 'kernel/splinter/seat/pump': [['if (ring(row))', '']] } as const
  endsBadly(await sleepScenario(1, { plant }), { interruptions: 2 }, /it sleeps/)
})
