import assert from 'node:assert/strict'
import { test } from 'node:test'
import { explore } from './explore.ts'
import { STORE_CASES } from './store-cases.ts'
import { storeScenario } from './store-scenarios.ts'

for (const script of STORE_CASES) {
  test(`${script.name}: every order with few interruptions and one death ends well`, async () => {
    const interruptions = 1
    const { fault, isComplete, states } = explore(await storeScenario(script), { interruptions, deaths: 1 })
    assert.equal(fault, undefined)
    assert.ok(isComplete && states > 50, `${states} states`)
  })
}
