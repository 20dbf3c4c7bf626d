import { createHash } from 'node:crypto'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'

/** Where everything lies that belongs to one Runa. */
export interface HomePaths {
  readonly home: string
  readonly config: string
  readonly models: string
  readonly personas: string
  readonly policies: string
  readonly topics: string
  readonly threads: string
  readonly boards: string
  /** How the person likes to be spoken to. */
  readonly profile: string
  /** Sealed turns, and their keys wrapped in others. */
  readonly memory: string
  /** What was dropped onto the page: the originals of ingested documents. */
  readonly uploads: string
  /** What was done once on the page, and is not to be done again. */
  readonly page: string
  /** Every request that left this machine. */
  readonly ledger: string
  /** Secrets, and who asked for them. */
  readonly vault: string
  /** Who on the bus sent what to whom, where the owner has it recorded. */
  readonly record: string
  readonly logs: string
  /** What was typed at the prompt of `runa bus`. */
  readonly busHistory: string
  /** What only means something while Runa runs, and may be deleted when it does not. */
  readonly run: string
}

/** RUNA_HOME, or the folder that the XDG rules give to an application. Absolute. */
export function homeFolder(environment: NodeJS.ProcessEnv = process.env): string {
  const dataFolder = environment['XDG_DATA_HOME'] || join(homedir(), '.local/share')
  return resolve(environment['RUNA_HOME'] || join(dataFolder, 'runa'))
}

export function homePaths(home: string = homeFolder()): HomePaths {
  return {
    home,
    config: join(home, 'runa.yaml'),
    models: join(home, 'models'),
    personas: join(home, 'personas'),
    policies: join(home, 'policies'),
    topics: join(home, 'topics'),
    threads: join(home, 'threads'),
    boards: join(home, 'boards'),
    profile: join(home, 'profile'),
    memory: join(home, 'memory'),
    uploads: join(home, 'uploads'),
    page: join(home, 'threadwell'),
    ledger: join(home, 'outward.journal'),
    vault: join(home, 'vault'),
    record: join(home, 'record'),
    logs: join(home, 'logs'),
    busHistory: join(home, 'bus-history'),
    run: join(home, 'run'),
  }
}

/** A short name for a home, the same in every process: it tells apart the shared memory of two Runas. */
export function homeDigest(home: string): string {
  return createHash('sha256').update(home).digest('hex').slice(0, 12)
}
