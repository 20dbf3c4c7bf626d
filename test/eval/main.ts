import { parseArgs } from 'node:util'
import { sharedFolder } from '#kernel/home'
import { evalAlethia } from './alethia.ts'
import type { Row } from './row.ts'
import { evalSnarf } from './snarf.ts'
import { evalTieto } from './tieto.ts'

/** Each measures how good a part is, on data that lies beside the checkout. */
const EVALS: Readonly<Record<string, (shared: string) => Promise<Row[]>>> = {
  alethia: evalAlethia,
  snarf: evalSnarf,
  tieto: evalTieto,
}

const { values, positionals } = parseArgs({ options: { json: { type: 'boolean' } }, allowPositionals: true })
const [name = ''] = positionals
const measure = EVALS[name]
const shared = sharedFolder()

if (!measure) {
  process.stderr.write(
    `Usage: npm run eval -- NAME [--json], where NAME is one of: ${Object.keys(EVALS).join(', ')}\n`,
  )
  process.exitCode = 2
} else if (shared === undefined) {
  process.stderr.write('The data to measure with is not there: set RUNA_SHARED to its folder.\n')
  process.exitCode = 2
} else {
  const rows = await measure(shared)
  for (const row of rows) process.stdout.write(`${row.case}: ${row.metric} ${row.value}\n`)
  if (values.json) process.stdout.write(`${JSON.stringify({ name, rows })}\n`)
}
