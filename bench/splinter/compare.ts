import { median } from '../row.ts'

/** Rounds in which all take their turn, so that a noisy moment of the machine hits everybody alike. */
export const ROUNDS = 5

/** The median figures of each contender, each round in another order. One that fails is told of and left out. */
export async function inTurns<Figure extends string>(
  contenders: readonly string[],
  measure: (contender: string) => Promise<Record<Figure, number>>,
): Promise<Map<string, Record<Figure, number>>> {
  const seen = new Map<string, Record<Figure, number>[]>()
  const failed = new Set<string>()
  for (let round = 0; round < ROUNDS; round += 1) {
    for (let turn = 0; turn < contenders.length; turn += 1) {
      const contender = contenders[(turn + round) % contenders.length] as string
      if (failed.has(contender)) continue
      try {
        const figures = await measure(contender)
        seen.set(contender, [...(seen.get(contender) ?? []), figures])
      } catch (error) {
        process.stderr.write(`${contender} is left out: ${error instanceof Error ? error.message : error}\n`)
        failed.add(contender)
        seen.delete(contender)
      }
    }
  }
  return new Map([...seen].map(([contender, all]) => [contender, medians(all)]))
}

function medians<Figure extends string>(all: readonly Record<Figure, number>[]): Record<Figure, number> {
  const names = Object.keys(all[0] ?? {}) as Figure[]
  const entries = names.map((name) => [name, median(all.map((figures) => figures[name]))])
  return Object.fromEntries(entries) as Record<Figure, number>
}

const SIZE_NAMES: Readonly<Record<number, string>> = { 64: '64 B', 1_024: '1 KiB', 16_384: '16 KiB' }
export const SIZES = [64, 1_024, 16_384] as const

export function caseName(operation: string, sizeBytes: number, processes: number, way: string): string {
  const together = processes === 1 ? '1 process' : `${processes} processes`
  return `${operation}, ${SIZE_NAMES[sizeBytes] ?? `${sizeBytes} B`}, ${together}, ${way}`
}

/** Whether a row is to be measured: one of ours, by its case, against a peer. */
export type Choice = (name: string, peer: string) => boolean

/** Those that have every one of the words, in any case and order. */
export function choose(words: readonly string[]): Choice {
  return (name, peer) => {
    const row = `${name}, ${peer}`.toLowerCase()
    return words.every((word) => row.includes(word.toLowerCase()))
  }
}

/** One row: a way of ours, and what it is compared with. */
export interface Match {
  readonly name: string
  readonly way: string
  readonly peer: string
}

/** Every way against every peer, as far as they are wanted. */
export function matchUp(
  ours: readonly string[],
  peers: readonly string[],
  nameOf: (way: string) => string,
  isWanted: Choice,
): Match[] {
  const all = ours.flatMap((way) => peers.map((peer) => ({ name: nameOf(way), way, peer })))
  return all.filter(({ name, peer }) => isWanted(name, peer))
}

/** Both figures of a match; undefined where the peer was left out. Throws where ours was. */
export function figuresOf<Figure extends string>(
  figures: ReadonlyMap<string, Record<Figure, number>>,
  { way, peer }: Pick<Match, 'way' | 'peer'>,
  figure: Figure,
): readonly [ours: number, theirs: number] | undefined {
  const [ours, theirs] = [figures.get(way)?.[figure], figures.get(peer)?.[figure]]
  if (ours === undefined) throw new Error(`${way} could not be measured.`)
  return theirs === undefined ? undefined : [ours, theirs]
}

/** Each once, ours first. */
export function contendersOf(matches: readonly Match[]): string[] {
  return [...new Set([...matches.map(({ way }) => way), ...matches.map(({ peer }) => peer)])]
}
