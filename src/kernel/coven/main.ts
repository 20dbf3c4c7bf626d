// coven as the ancestor, by hand for now: main.js [--passphrase] [--new-list] PROGRAM [ARGUMENTS...]
// With --passphrase it reads one line from its input before anything else; with --new-list it begins the list of what
// was done anew, when that is full or lost.
import { createInterface } from 'node:readline/promises'
import { parseArgs } from 'node:util'
import { homePaths } from '#kernel/home'
import { wipe } from '#kernel/seal'
import { setUndumpable } from '#kernel/sys'
import { RunaError } from '#protocol'
import { keepGilgul } from './keep.ts'
import { openCoven } from './open.ts'
import { createCoven, createDesk } from './service.ts'

const PASSED_ON = ['PATH', 'HOME', 'LANG', 'TZ', 'TMPDIR', 'RUNA_HOME', 'XDG_DATA_HOME']

async function readPassphrase(): Promise<Buffer> {
  for await (const line of createInterface({ input: process.stdin })) return Buffer.from(line)
  throw new RunaError('VAULT_KEY_MISSING', 'No passphrase was given.')
}

/** What stands behind the program is for the program. */
function ownArguments(line: readonly string[]): string[] {
  const programAt = line.findIndex((word) => !word.startsWith('--'))
  return programAt < 0 ? [...line] : [...line.slice(0, programAt), '--', ...line.slice(programAt)]
}

async function live(): Promise<void> {
  const { values, positionals } = parseArgs({
    options: { passphrase: { type: 'boolean' }, 'new-list': { type: 'boolean' } },
    args: ownArguments(process.argv.slice(2)),
    allowPositionals: true,
  })
  const [command, ...programArguments] = positionals
  if (command === undefined) throw new RunaError('BAD_INPUT', 'coven needs a program that it is to start.')
  const passphrase = values.passphrase ? await readPassphrase() : undefined
  const unlock = passphrase ? { unlock: { passphrase } } : {}
  const folder = homePaths().vault
  const opened = await openCoven({ folder, newList: values['new-list'] ?? false, ...unlock })
  if (passphrase) wipe(passphrase)
  const stopping = new AbortController()
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stopping.abort())
  const environment = Object.fromEntries(
    PASSED_ON.flatMap((name) => (process.env[name] ? [[name, process.env[name] ?? '']] : [])),
  )
  try {
    await keepGilgul({
      ...{ command, arguments: programArguments, environment, output: 'inherit', stopping: stopping.signal },
      answer: createDesk(createCoven(opened)),
      onRefused: (error) => process.stderr.write(`${error.code}: ${error.message}\n`),
    })
  } finally {
    await opened.close()
  }
}

setUndumpable()
try {
  await live()
} catch (error) {
  process.stderr.write(`${error instanceof RunaError ? `${error.code}: ${error.message}` : String(error)}\n`)
  process.exitCode = 1
}
