import type { Embedder } from '#kernel/embedding'
import type { Client, inferenceContract, Notice, Sampling, tietoContract } from '#protocol'
import type { Deadlines } from './deadlines.ts'
import type { Snarf } from './manner.ts'
import type { Personas } from './personas.ts'
import type { PastMessage } from './prompt.ts'
import type { Alethia } from './remembering/alethia-client.ts'

export interface TurnNeeds {
  readonly personas: Pick<Personas, 'find'>
  readonly tieto: Pick<Client<typeof tietoContract>, 'read' | 'search' | 'topics'>
  readonly snarf: Snarf
  readonly alethia: Pick<Alethia, 'recall'>
  readonly embedder: () => Promise<Pick<Embedder, 'model' | 'embed'>>
  readonly inference: Pick<Client<typeof inferenceContract>, 'complete' | 'models'>
  /** What a local model is loaded with at most. */
  readonly contextTokens: number
  readonly nowMs?: () => number
  /** In place of the usual ones. */
  readonly deadlines?: Partial<Deadlines>
}

export interface Asked {
  /** Null where nothing is stored. */
  readonly thread: string | null
  readonly question: string
  /** Whether the person said it, rather than wrote it down somewhere. */
  readonly heard: boolean
  /** Somebody may be in danger: calm words go first. */
  readonly crisis: boolean
  readonly history: readonly PastMessage[]
  /** Whether to look into what was said in other threads. */
  readonly recall: boolean
  /** What is already known to be missing. */
  readonly notices: readonly Notice[]
  /** A prompt that the caller brought; it takes the place of the default persona's. */
  readonly system: readonly PastMessage[]
  readonly persona?: string | undefined
  readonly model?: string | undefined
  readonly topics: readonly string[]
  readonly sampling: Sampling
  readonly promptBytesMax: number
}
