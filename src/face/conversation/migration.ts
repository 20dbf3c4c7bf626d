import type { Fault } from './personas.ts'

/** The move of what an earlier Runa has left into the memory. */
export interface Migration {
  /** Resolves once all is moved, or after a while: what then still lies there comes later. */
  settled(signal: AbortSignal): Promise<void>
  faults(): readonly Fault[]
}

export const NO_MIGRATION: Migration = { settled: async () => {}, faults: () => [] }
