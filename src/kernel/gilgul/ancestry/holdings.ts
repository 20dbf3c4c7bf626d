import { closeSync, openSync } from 'node:fs'
import { createPipe, isSealedMemory } from '#kernel/sys'
import { createEstateMemory } from '../estate/memory.ts'
import type { RunFiles } from '../run-state/run-state.ts'
import { BIRTH } from './birth-names.ts'

/** What the ancestor holds open, so that it outlives each gilgul; in the order in which gilgul inherits it. */
export interface Holdings {
  /** Locked: one Runa a home. */
  readonly lock: number
  /** Locked, and inherited by every service: nothing of the old world is left once it is free. */
  readonly world: number
  readonly estate: number
  /** What services have as their input. */
  readonly lifeline: number
  /** Its other end: services end once neither the ancestor nor a gilgul holds it. */
  readonly lifelineHeld: number
}

/** Where gilgul finds them. Below lie its input and output; 4 and 5 belong to coven. */
export const HOLDING_FDS: Holdings = { lock: 3, world: 6, estate: 7, lifeline: 8, lifelineHeld: 9 }

/** Throws as the system does, and leaves nothing open then. */
export function takeHoldings({ lock, worldLock }: Pick<RunFiles, 'lock' | 'worldLock'>): Holdings {
  const open: number[] = []
  const keep = (fd: number) => {
    open.push(fd)
    return fd
  }
  try {
    const files = { lock: keep(openSync(lock, 'a+', 0o600)), world: keep(openSync(worldLock, 'a+', 0o600)) }
    const { readEnd, writeEnd } = createPipe()
    return {
      ...files,
      lifeline: keep(readEnd),
      lifelineHeld: keep(writeEnd),
      estate: keep(createEstateMemory()),
    }
  } catch (error) {
    for (const fd of open) closeSync(fd)
    throw error
  }
}

/** Of the ancestor before, where this process has come into its place. */
export function inheritHoldings(): Holdings | undefined {
  const isHeir = process.env[BIRTH.successions] !== undefined && isSealedMemory(HOLDING_FDS.estate)
  return isHeir ? HOLDING_FDS : undefined
}

export function closeHoldings(holdings: Holdings): void {
  for (const fd of Object.values(holdings)) closeSync(fd)
}
