import { readFile, statfs } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { parse } from 'yaml'
import * as z from 'zod'
import { readMemoryRoom } from '#kernel/sys'
import { parseOrThrow, RunaError, type Suggestion } from '#protocol'

export interface Memory {
  readonly totalBytes: number
  /** What programs can still get without the machine starting to swap. */
  readonly freeBytes: number
}

const GIBIBYTE = 2 ** 30
/** Kept free for everything else that runs here. */
const RESERVE_SHARE = 0.05
const RESERVE_BYTES_MIN = GIBIBYTE / 4

export function reserveBytes(memory: Memory): number {
  return Math.max(RESERVE_BYTES_MIN, Math.round(memory.totalBytes * RESERVE_SHARE))
}

/** Of the machine, or of the container or the limits of this process where those leave less. */
export async function readMemory(): Promise<Memory> {
  return readMemoryRoom()
}

export async function diskFreeBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder)
  return bavail * bsize
}

export const coreCount = (): number => availableParallelism()

const suggestionsSchema = z.strictObject({
  models: z
    .array(
      z.strictObject({
        name: z.string().min(1),
        purpose: z.string().min(1),
        fileName: z.string().min(1),
        sizeBytes: z.number().int().positive(),
        memoryBytes: z.number().int().positive(),
        licence: z.string().min(1),
      }),
    )
    .max(200),
})
export type KnownModel = z.infer<typeof suggestionsSchema>['models'][number]

export async function loadKnownModels(path: string): Promise<KnownModel[]> {
  try {
    return parseOrThrow(suggestionsSchema, parse(await readFile(path, 'utf8'))).models
  } catch (cause) {
    throw new RunaError('CONFIG_INVALID', `${path} cannot be read: ${(cause as Error).message}`, { cause })
  }
}

/** With half of the memory a model runs beside everything else; with more than four fifths it drives it out. */
const WELL_SHARE = 0.5
const TIGHT_SHARE = 0.8

/** To say a token, all weights are read once. With more than this a core, one reads faster than the model writes. */
const COMFORTABLE_BYTES_A_CORE = 600_000_000

export interface Machine {
  readonly memory: Memory
  readonly diskFree: number
  readonly cores: number
}

/** Those that fit well come first, then those that are tight; among alike, the largest that is quick enough. */
export function suggestModels(
  known: readonly KnownModel[],
  { memory, diskFree, cores }: Machine,
): Suggestion[] {
  const isSlow = ({ sizeBytes }: KnownModel) => (sizeBytes > cores * COMFORTABLE_BYTES_A_CORE ? 1 : 0)
  const order = ['well', 'tight', 'no']
  return known
    .map((model) => ({ ...model, fits: fitOf(model, memory, diskFree) }))
    .sort(
      (a, b) =>
        order.indexOf(a.fits) - order.indexOf(b.fits) ||
        isSlow(a) - isSlow(b) ||
        b.memoryBytes - a.memoryBytes,
    )
}

function fitOf(model: KnownModel, { totalBytes }: Memory, diskFree: number): Suggestion['fits'] {
  if (model.sizeBytes > diskFree || model.memoryBytes > totalBytes * TIGHT_SHARE) return 'no'
  return model.memoryBytes <= totalBytes * WELL_SHARE ? 'well' : 'tight'
}

/** In the units in which files are sold: 1.1 GB is 1,100 million bytes. */
export function formatBytes(bytes: number): string {
  const [amount, unit] = bytes >= 1e9 ? [bytes / 1e9, 'GB'] : [bytes / 1e6, 'MB']
  return `${amount < 10 ? amount.toFixed(1) : Math.round(amount)} ${unit}`
}
