import { statSync } from 'node:fs'
import { knock } from '#kernel/service'
import { attachBus, type Bus } from '#kernel/splinter'
import { RunaError } from '#protocol'
import { findRuna } from '../connection.ts'
import { harmless } from '../harmless.ts'
import { isThere, readNamedFile } from './files.ts'

/** Which bus is meant, and what opens it. */
export interface BusPlace {
  /** Where `--bus` says; undefined for Runa's own. */
  readonly bus?: string | undefined
  readonly secretFile?: string | undefined
}

/** A seat that is taken when it is first needed, and again where the bus was made anew meanwhile. */
export interface BusSession {
  readonly place: BusPlace
  seat(): Promise<Bus>
  close(): void
}

const SECRET_BYTES = 32

export function createSession(place: BusPlace, name = 'cli'): BusSession {
  let taken: { readonly bus: Bus; readonly file: number | undefined } | undefined

  return {
    place,
    async seat() {
      const path = pathOf(place)
      if (taken && taken.bus.path === path && taken.file === fileAt(path)) return taken.bus
      taken?.bus.close()
      taken = undefined
      const file = fileAt(path)
      taken = { bus: await attach(path, place, name), file }
      return taken.bus
    },
    close() {
      taken?.bus.close()
      taken = undefined
    },
  }
}

/** Throws NOT_RUNNING where Runa's own is meant, FILE_NOT_FOUND where another, and there is none. */
function pathOf({ bus }: BusPlace): string {
  if (bus !== undefined) {
    if (isThere(bus)) return bus
    throw new RunaError('FILE_NOT_FOUND', `There is no bus at ${bus}. \`runa bus init\` makes one.`)
  }
  const state = findRuna()
  if (state) return state.bus
  throw new RunaError('NOT_RUNNING', 'Runa is just starting. Another bus is named with `--bus PATH`.')
}

/** Throws BAD_INPUT where it is not that long, and as `readNamedFile`. */
export function readSecret(path: string): Buffer {
  const secret = readNamedFile(path)
  if (secret.length === SECRET_BYTES) return secret
  throw new RunaError(
    'BAD_INPUT',
    `The secret of a bus is a file of ${SECRET_BYTES} random bytes; ${path} has ${secret.length}.`,
  )
}

/** Whoever is let in at the door of Runa's own bus may read and write words; other buses have no door. */
async function attach(path: string, { secretFile }: BusPlace, name: string): Promise<Bus> {
  const secret = secretFile === undefined ? undefined : readSecret(secretFile)
  const bus = attachBus(path, { name: `${name}-${process.pid}`, words: await knock(path), secret })
  if (bus.recovered) process.stderr.write(`${describeRecovery(bus.recovered)}\n`)
  return bus
}

/** Whoever is the first to come after the power was off is told what it cost. */
function describeRecovery(found: NonNullable<Bus['recovered']>): string {
  const { keys, older, olderKeys, lost, lostKeys } = found
  const told = (count: number, names: readonly string[]) =>
    count === 0 ? '0' : `${count} (${harmless(names.join(', '))})`
  return (
    'The power was off since the last use, or this is a copy: ' +
    `${keys} keys are there, of these with an older value ${told(olderKeys, older)}; lost: ${told(lostKeys, lost)}.`
  )
}

function fileAt(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.ino
}
