import { RunaError } from '#protocol'
import type { StoreParts } from './parts.ts'
import { EVICTED, EXPIRED, PLACES, slotAt, UNTOLD } from './store-words.ts'

/** How full a store is, and what it has let go of. */
export interface StoreFigures {
  readonly keys: number
  readonly keysMax: number
  /** Of values that hold, and of those that they took the place of, which stand until they are written over. */
  readonly blocks: number
  /** Of those blocks. */
  readonly usedBytes: number
  readonly storeBytes: number
  /** Keys since the bus was made. */
  readonly expired: number
  readonly evicted: number
  /** How often a key had to stay, or went unheard of, because a subscriber of the announcements had no room. */
  readonly untold: number
}

/** Who looks at a store wants to see it also where a slot of it is damaged. */
function capacityOf(blocks: StoreParts['blocks'], place: number): number {
  try {
    return blocks.capacity(place)
  } catch (error) {
    if (error instanceof RunaError) return 0
    throw error
  }
}

/** Of one moment, as far as others write meanwhile. */
export function readFigures({ segment, slots, blocks }: StoreParts): StoreFigures {
  const { words, layout } = segment
  const head = layout.storeHead / 4
  const figure = (word: number) => Atomics.load(words, head + word) >>> 0
  let keys = 0
  let count = 0
  let usedBytes = 0
  slots.each(() => {
    keys += 1
  })
  for (let index = 0; index < layout.slotsMax; index += 1) {
    for (const side of [0, 1]) {
      const capacity = capacityOf(blocks, Atomics.load(words, slotAt(layout, index) + PLACES + side))
      count += capacity === 0 ? 0 : 1
      usedBytes += capacity
    }
  }
  return {
    keys,
    keysMax: layout.slotsMax,
    blocks: count,
    usedBytes,
    storeBytes: layout.storeBytes,
    expired: figure(EXPIRED),
    evicted: figure(EVICTED),
    untold: figure(UNTOLD),
  }
}
