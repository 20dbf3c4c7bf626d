import { readFileSync } from 'node:fs'
import { packageFolder } from '#kernel/home'
import * as protocol from '#protocol'
import { printDescriptions } from './descriptions.ts'
import { printErrors } from './errors.ts'
import { printLibrary } from './library.ts'
import { printServices, remarksIn } from './services.ts'

const SPLINTER = `# \`runa/splinter\`, the bus as a library

Made from the declarations of \`src/kernel/splinter/index.ts\` by \`npm run docs\`. Do not edit it: a test compares.

What it is for, how to begin and what it promises: [its README](../../src/kernel/splinter/README.md). An error is a
\`RunaError\` with a \`code\`; [errors.md](errors.md) says what each means and what to do.
`

/** It only serves tests of the kernel. */
const NOT_OF_RUNA = ['clock']

/** Every page of `docs/reference/` that is made from the source, by its path in the package. */
export function printReference(): Readonly<Record<string, string>> {
  const contracts = Object.values<unknown>(protocol)
    .filter(isContract)
    .filter(({ name }) => !NOT_OF_RUNA.includes(name))
    .sort((a, b) => a.name.localeCompare(b.name))
  const remarks = new Map(contracts.flatMap(({ name }) => remarksIn(name, readSource(name))))
  return {
    'docs/reference/services.md': printServices(contracts, remarks),
    'docs/reference/service-files.md': printDescriptions(),
    'docs/reference/errors.md': printErrors(contracts),
    'docs/reference/splinter.md': printLibrary(
      SPLINTER,
      packageFolder('dist', 'src', 'kernel', 'splinter', 'index.d.ts'),
    ),
  }
}

function isContract(value: unknown): value is protocol.Contract {
  return typeof value === 'object' && value !== null && 'operations' in value && 'events' in value
}

/** The model's contract stands beside the one of inference, which starts models. */
function readSource(contract: string): string {
  const file = contract === 'model' ? 'inference' : contract
  return readFileSync(packageFolder('src', 'protocol', 'contracts', `${file}.ts`), 'utf8')
}
