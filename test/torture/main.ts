import { parseArgs } from 'node:util'
import { tortureAlethia } from './alethia.ts'
import { tortureBoards } from './boards.ts'
import { fuzzBus } from './bus-fuzz.ts'
import { tortureCoven } from './coven.ts'
import { tortureFaults } from './faults.ts'
import { tortureGilgul } from './gilgul/index.ts'
import { tortureInterleavings } from './interleavings.ts'
import { tortureMigration } from './migration.ts'
import { tortureReplay } from './replay.ts'
import { createRandom, type TortureOptions, type TortureRow } from './row.ts'
import { tortureServices } from './services.ts'
import { tortureSplinter } from './splinter.ts'
import { tortureTieto } from './tieto.ts'
import { tortureTurns } from './turns.ts'
import { tortureWeather } from './weather/index.ts'

const TORTURES: Readonly<Record<string, (options: TortureOptions) => Promise<TortureRow[]>>> = {
  coven: tortureCoven,
  alethia: tortureAlethia,
  boards: tortureBoards,
  faults: tortureFaults,
  'bus-fuzz': fuzzBus,
  gilgul: tortureGilgul,
  interleavings: tortureInterleavings,
  migration: tortureMigration,
  replay: tortureReplay,
  services: tortureServices,
  splinter: tortureSplinter,
  tieto: tortureTieto,
  turns: tortureTurns,
  weather: tortureWeather,
}

const FAULTS = 200
/** Its processes die so fast that it may have many. */
const MORE: Readonly<Record<string, number>> = { splinter: 10_000, gilgul: 2_000, coven: 2_000 }
/** These need no storm: fewer show the same. */
const FEWER: Readonly<Record<string, number>> = { faults: 100, replay: 50, weather: 24 }

const { values, positionals } = parseArgs({
  options: { faults: { type: 'string' }, seed: { type: 'string' }, json: { type: 'boolean' } },
  allowPositionals: true,
})
const [name = ''] = positionals
const torture = TORTURES[name]
const faults = Number(values.faults ?? FEWER[name] ?? MORE[name] ?? FAULTS)
const seed = Number(values.seed ?? Date.now() % 1_000_000)

if (!torture || !Number.isInteger(faults) || faults < 1 || !Number.isInteger(seed)) {
  const names = Object.keys(TORTURES).join(', ')
  process.stderr.write(
    `Usage: npm run torture -- NAME [--faults N] [--seed S] [--json], where NAME is one of: ${names}\n`,
  )
  process.exitCode = 2
} else {
  process.stdout.write(`${name}: about ${faults} faults, --seed ${seed}\n`)
  const rows = await torture({ faults, random: createRandom(seed) })
  for (const { case: what, ...counts } of rows) {
    const text = Object.entries(counts).map(([count, value]) => `${count} ${value}`)
    process.stdout.write(`${what}: ${text.join(', ')}\n`)
  }
  if (values.json) process.stdout.write(`${JSON.stringify({ name, rows })}\n`)
}
