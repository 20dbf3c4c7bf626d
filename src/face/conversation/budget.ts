import type { Budget } from '#protocol'

export type BudgetPart = Budget['parts'][number]['part']

/**
 * What each part may have of the room that persona and question leave. How somebody needs to be spoken to is small and
 * goes first; what a part does not use flows on to the others, in this order.
 */
const SHARES: readonly (readonly [BudgetPart, number])[] = [
  ['manner', 0.15],
  ['history', 0.35],
  ['passages', 0.35],
  ['memory', 0.15],
]

/** Without tokens counted: three bytes are about one token in most languages and most models. */
export const BYTES_PER_TOKEN = 3

export type Wants<Value> = Readonly<Record<BudgetPart, Value>>

/** `sizes` are bytes of what each part would hold, the most wanted first. Returns how many of each fit into the room. */
export function planBudget(roomBytes: number, sizes: Wants<readonly number[]>): Wants<number> {
  const taken = { manner: 0, history: 0, passages: 0, memory: 0 }
  let leftBytes = Math.max(0, roomBytes)
  const take = (part: BudgetPart, allowedBytes: number) => {
    let usedBytes = 0
    for (const size of sizes[part].slice(taken[part])) {
      if (usedBytes + size > allowedBytes) break
      usedBytes += size
      taken[part] += 1
    }
    leftBytes -= usedBytes
  }
  const shareBytes = leftBytes
  for (const [part, share] of SHARES) take(part, shareBytes * share)
  for (const [part] of SHARES) take(part, leftBytes)
  return taken
}

export function tokensOf(sizeBytes: number): number {
  return Math.ceil(sizeBytes / BYTES_PER_TOKEN)
}
