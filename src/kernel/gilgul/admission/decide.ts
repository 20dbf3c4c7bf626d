/** What a model takes, in bytes, as its file and its engine tell. */
export interface MemoryFigures {
  readonly weightsBytes: number
  /** Of the cache that attention keeps, for each token of context. */
  readonly cacheBytesPerToken: number
  /** What it computes in, and the process itself. */
  readonly bufferBytes: number
  readonly contextTokens: number
  /** With less it is of no use. */
  readonly contextTokensMin: number
}

export interface Room {
  readonly freeBytes: number
  readonly totalBytes: number
  readonly limitedBy: 'machine' | 'cgroup' | 'rlimit'
}

/** One that runs, and could make room. */
export interface Neighbour {
  readonly name: string
  readonly weightsBytes: number
  /** What it would give back. */
  readonly needsBytes: number
  /** What it takes does not show in the free memory yet: it is being loaded, or has not taken what it was promised. */
  readonly isStarting: boolean
}

export interface Peak {
  readonly contextTokens: number
  readonly peakBytes: number
}

export type Decision =
  | { readonly verdict: 'fit' | 'smaller-context'; readonly contextTokens: number; readonly text: string }
  | { readonly verdict: 'unload'; readonly name: string; readonly text: string }
  | { readonly verdict: 'no'; readonly text: string }

/** Kept free for everything else that runs here. */
const RESERVE_SHARE = 0.05
const RESERVE_BYTES_MIN = 2 ** 28

/** Contexts are granted in steps of this, so that the same is granted for about the same memory. */
const CONTEXT_STEP = 128

export interface Question {
  readonly name: string
  readonly figures: MemoryFigures
  readonly room: Room
  /** As it was measured, where it was. */
  readonly peak: Peak | undefined
  readonly neighbours: readonly Neighbour[]
}

/** Whether there is room for a model; and where there is not, what would help. */
export function decide({ name, figures, room, peak, neighbours }: Question): Decision {
  const needs = (contextTokens: number) => needsBytes(figures, contextTokens, peak)
  const { free, reserve, spare } = spareIn(room, neighbours)
  const wanted = needs(figures.contextTokens)
  const numbers = `${name} needs ${inWords(wanted)} for ${figures.contextTokens} tokens; ${describeRoom(room, free, reserve)}`
  if (wanted <= spare)
    return { verdict: 'fit', contextTokens: figures.contextTokens, text: `${numbers} It fits.` }

  const contextTokens = largestContext(figures, (tokens) => needs(tokens) <= spare)
  if (contextTokens !== undefined) {
    const text = `${numbers} With ${contextTokens} tokens it needs ${inWords(needs(contextTokens))}, and fits.`
    return { verdict: 'smaller-context', contextTokens, text }
  }
  const least = needs(Math.min(figures.contextTokens, figures.contextTokensMin))
  const enough = neighbours.filter((one) => !one.isStarting && least <= spare + one.needsBytes)
  const [smallest] = enough.sort((a, b) => a.needsBytes - b.needsBytes)
  if (smallest) {
    const text = `${numbers} It fits once ${smallest.name} is unloaded, which takes ${inWords(smallest.needsBytes)}.`
    return { verdict: 'unload', name: smallest.name, text }
  }
  return { verdict: 'no', text: `${numbers} It does not fit with any context.` }
}

export interface ServiceQuestion extends Pick<Question, 'name' | 'room' | 'neighbours'> {
  /** As its description estimates it. */
  readonly memoryBytes: number
}

/** Whether there is what a service is said to need. */
export function decideOnService({ name, memoryBytes, room, neighbours }: ServiceQuestion): {
  readonly fits: boolean
  readonly text: string
} {
  const { free, reserve, spare } = spareIn(room, neighbours)
  const promised = neighbours.filter(({ isStarting }) => isStarting)
  const others = promised.map((one) => `${inWords(one.needsBytes)} to ${one.name}`)
  const left = others.length === 0 ? '' : ` Promised before: ${others.join(', ')}.`
  const text = `${name} is said to need ${inWords(memoryBytes)}; ${describeRoom(room, free, reserve)}${left}`
  return { fits: memoryBytes <= spare, text }
}

function spareIn(room: Room, neighbours: readonly Neighbour[]) {
  const reserve = Math.max(RESERVE_BYTES_MIN, Math.round(room.totalBytes * RESERVE_SHARE))
  const taken = neighbours.reduce((sum, one) => sum + (one.isStarting ? one.needsBytes : one.weightsBytes), 0)
  // Weights are mapped files, which the system counts as free for as long as it could drive them out.
  const free = Math.max(0, room.freeBytes - taken)
  return { free, reserve, spare: free - reserve }
}

/** An estimate, corrected by what this very model took more or less than was estimated for it; never below its hard part. */
export function needsBytes(figures: MemoryFigures, contextTokens: number, peak: Peak | undefined): number {
  const { weightsBytes, cacheBytesPerToken, bufferBytes } = figures
  const estimate = (tokens: number) => weightsBytes + cacheBytesPerToken * tokens + bufferBytes
  const correction = peak === undefined ? 0 : peak.peakBytes - estimate(peak.contextTokens)
  return Math.max(weightsBytes + cacheBytesPerToken * contextTokens, estimate(contextTokens) + correction)
}

function largestContext(
  { contextTokens, contextTokensMin, cacheBytesPerToken }: MemoryFigures,
  fits: (contextTokens: number) => boolean,
): number | undefined {
  const least = Math.min(contextTokens, contextTokensMin)
  // Where the context costs nothing, less of it helps nobody.
  if (cacheBytesPerToken === 0 || !fits(least)) return undefined
  let [low, high] = [least, contextTokens]
  while (high - low >= CONTEXT_STEP) {
    const middle = Math.floor((low + high) / 2)
    if (fits(middle)) low = middle
    else high = middle
  }
  return Math.max(least, low - (low % CONTEXT_STEP))
}

const LIMITS: Readonly<Record<Room['limitedBy'], string>> = {
  machine: 'of this machine',
  cgroup: 'within the limit of its cgroup',
  rlimit: 'within the limit of its address space',
}

function describeRoom({ limitedBy }: Room, freeBytes: number, reserveBytes: number): string {
  return `${inWords(freeBytes)} ${LIMITS[limitedBy]} is free, of which ${inWords(reserveBytes)} stays for everything else.`
}

/** In the units in which files are sold: 1.1 GB is 1,100 million bytes. */
function inWords(bytes: number): string {
  const [amount, unit] = bytes >= 1e9 ? [bytes / 1e9, 'GB'] : [bytes / 1e6, 'MB']
  return `${amount < 10 ? amount.toFixed(1) : Math.round(amount)} ${unit}`
}
