import { type Bounds, type Exploration, explore, type Scenario } from '../model-checker/explore.ts'
import { LOSSY_LAP, RING_CASES } from '../model-checker/ring-cases.ts'
import { ringScenario, WITH_FENCE, WITHOUT_FENCE } from '../model-checker/ring-scenarios.ts'
import { sleepScenario } from '../model-checker/sleep-scenario.ts'
import { OVERWRITE, STORE_CASES } from '../model-checker/store-cases.ts'
import { storeScenario } from '../model-checker/store-scenarios.ts'
import type { TortureOptions, TortureRow } from './row.ts'

/** For each fault that is asked for: with the default of 200, some minutes. */
const STATES_EACH = 500

/** Tries orders of single steps, not by chance: one fault of `faults` stands for so many states of each scenario. */
export async function tortureInterleavings({ faults }: TortureOptions): Promise<TortureRow[]> {
  const rows: TortureRow[] = []
  const statesMax = faults * STATES_EACH
  const run = async (making: Promise<Scenario>, what: string, bounds: Bounds) => {
    const scenario = await making
    const result = explore(scenario, { statesMax, ...bounds })
    rows.push(rowOf(`${scenario.name}, ${what}`, result))
    return result
  }
  for (const interruptions of [1, 2]) {
    const what = `${interruptions} interruptions and a death`
    for (const script of STORE_CASES) await run(storeScenario(script), what, { interruptions, deaths: 1 })
    for (const script of RING_CASES) await run(ringScenario(script), what, { interruptions, deaths: 1 })
  }
  await run(sleepScenario(2), 'any number of interruptions and a death', { deaths: 1 })
  const weak = { isWeak: true, replace: WITH_FENCE }
  const bounds = { interruptions: 2, oddities: 2 }
  await run(storeScenario(OVERWRITE, weak), 'memory as of ARM', bounds)
  await run(ringScenario(LOSSY_LAP, weak), 'memory as of ARM', bounds)
  await run(ringScenario(RING_CASES[0] ?? LOSSY_LAP, weak), 'memory as of ARM', bounds)
  const withoutFences = { isWeak: true, replace: WITHOUT_FENCE }
  const planted = { interruptions: 2, oddities: 1, statesMax: 100_000 }
  for (const scenario of [storeScenario(OVERWRITE, withoutFences), ringScenario(LOSSY_LAP, withoutFences)]) {
    const { name } = await scenario
    const { fault, states, runs } = explore(await scenario, planted)
    const counts = { faults: runs, lost: 0, torn: 0, wedged: 0, states, found: fault !== undefined }
    rows.push({ case: `planted: ${name}, memory as of ARM without fences`, ...counts })
  }
  return rows
}

function rowOf(what: string, { states, runs, isComplete, fault }: Exploration): TortureRow {
  const counts = { faults: runs, lost: 0, torn: 0, wedged: fault ? 1 : 0, states, complete: isComplete }
  if (fault) process.stderr.write(`${what}: ${fault.message}\n${fault.trace.join('\n')}\n`)
  return { case: what, ...counts }
}
