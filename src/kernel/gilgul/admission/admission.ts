import * as z from 'zod'
import { readMemoryRoom } from '#kernel/sys'
import { RunaError } from '#protocol'
import type { Told } from '../history/history.ts'
import type { Keeper } from '../keeping/keeper.ts'
import { peakBytesOf, residentBytesOf } from '../keeping/memory-use.ts'
import type { ServiceSpec } from '../spec/spec.ts'
import {
  type Decision,
  decide,
  decideOnService,
  type MemoryFigures,
  type Neighbour,
  needsBytes,
  type Room,
} from './decide.ts'
import type { Peaks } from './peaks.ts'

type Settings = NonNullable<ServiceSpec['settings']>

/** Of the settings of a model: what inference knows of its file. Without it, nothing can be decided. */
const settingsSchema = z.object({
  digest: z.string(),
  contextTokens: z.number().int().positive(),
  memory: z.object({
    weightsBytes: z.number(),
    cacheBytesPerToken: z.number(),
    bufferBytes: z.number(),
    contextTokensMin: z.number(),
  }),
})

/** Decides before a model, or a service with an estimate, is started whether there is room for it. */
export interface Admission {
  /** The settings to start it with, which may have less context. Throws MODEL_TOO_LARGE, with the figures. */
  admit(name: string, settings: Settings): Settings
  /** Throws SERVICE_TOO_LARGE, with the figures, where the memory that a service is said to need is not there. */
  requireRoom(spec: ServiceSpec): void
  /** For one that there was no memory for; undefined where it has as little as it can do with, or nothing is known of it. */
  shrink(name: string, settings: Settings): Settings | undefined
  /** Looks how much the models that run have taken so far. */
  measure(): void
  /** Waits until what was measured is kept. */
  close(): Promise<void>
}

export interface AdmissionOptions {
  readonly peaks: Peaks
  readonly keepers: () => readonly Keeper[]
  readonly tell: (told: Told) => void
  readonly readRoom?: () => Room
  /** Of a process and its children. */
  readonly residentBytes?: (pid: number) => number
}

export function createAdmission(options: AdmissionOptions): Admission {
  const { peaks, keepers, tell, readRoom = () => readMemoryRoom(), residentBytes = residentBytesOf } = options

  function decideOn(name: string, figures: MemoryFigures, digest: string): Decision {
    const neighbours = neighboursOf(name)
    return decide({ name, figures, room: readRoom(), peak: peaks.of(digest), neighbours })
  }

  function neighboursOf(name: string): Neighbour[] {
    return keepers().flatMap((keeper) => (keeper.spec.name === name ? [] : neighbourOf(keeper)))
  }

  function neighbourOf({ spec, standing }: Keeper): Neighbour[] {
    const known = figuresOf(spec.settings)
    const { state, process } = standing()
    if (!['starting', 'backoff', 'running'].includes(state)) return []
    if (!known) return promiseOf(spec, process ? residentBytes(process.pid) : 0)
    const { figures, digest } = known
    const needs = needsBytes(figures, figures.contextTokens, peaks.of(digest))
    const isStarting = state !== 'running'
    return [{ name: spec.name, weightsBytes: figures.weightsBytes, needsBytes: needs, isStarting }]
  }

  return {
    close: peaks.close,
    admit(name, settings) {
      const known = figuresOf(settings)
      if (!known) return settings
      const decision = decideOn(name, known.figures, known.digest)
      const { verdict, text } = decision
      if (verdict === 'unload' || verdict === 'no') {
        tell({ kind: 'refused', service: name, text, cause: 'model-too-big' })
        throw new RunaError('MODEL_TOO_LARGE', text)
      }
      tell({ kind: 'admitted', service: name, text })
      return { ...settings, contextTokens: decision.contextTokens }
    },
    requireRoom({ name, memoryBytes }) {
      if (memoryBytes === undefined) return
      const room = readRoom()
      const { fits, text } = decideOnService({ name, memoryBytes, room, neighbours: neighboursOf(name) })
      if (!fits) throw new RunaError('SERVICE_TOO_LARGE', text)
    },
    shrink(name, settings) {
      const known = figuresOf(settings)
      if (!known) return undefined
      const { figures, digest } = known
      const half = Math.floor(figures.contextTokens / 2)
      if (half < figures.contextTokensMin) return undefined
      const decision = decideOn(name, { ...figures, contextTokens: half }, digest)
      return 'contextTokens' in decision ? { ...settings, contextTokens: decision.contextTokens } : undefined
    },
    measure() {
      for (const { spec, standing } of keepers()) {
        const known = figuresOf(spec.settings)
        const { process, state } = standing()
        const peakBytes = known && process && state === 'running' ? peakBytesOf(process.pid) : 0
        if (!known || peakBytes === 0) continue
        peaks.take({ digest: known.digest, contextTokens: known.figures.contextTokens, peakBytes })
      }
    },
  }
}

/** What a service was promised, and has not taken yet. */
function promiseOf({ name, memoryBytes = 0 }: ServiceSpec, takenBytes: number): Neighbour[] {
  const leftBytes = Math.max(0, memoryBytes - takenBytes)
  return leftBytes === 0 ? [] : [{ name, weightsBytes: 0, needsBytes: leftBytes, isStarting: true }]
}

function figuresOf(settings: unknown): { figures: MemoryFigures; digest: string } | undefined {
  const { data } = settingsSchema.safeParse(settings)
  if (!data) return undefined
  const { digest, contextTokens, memory } = data
  return { digest, figures: { ...memory, contextTokens } }
}
