import { SLOT_BYTES } from '../segment/geometry.ts'
import { LIFE, MUTABLE_WORDS } from '../segment/header.ts'
import { drawGeneration, LIFE_WORDS } from '../segment/life.ts'
import type { Segment } from '../segment/segment.ts'
import { SCRUB } from '../store/store-words.ts'

/**
 * Empties everything but keys and values: members, locks, topics, inboxes, watches and the index belonged to processes that
 * are gone. Generations of members begin elsewhere: which were used last is not known. The store scrubs as it did.
 */
export function resetSeats({ words, bytes, layout }: Segment): void {
  const scrubWord = layout.storeHead / 4 + SCRUB
  const scrub = words[scrubWord] ?? 0
  const firstOf = (row: number) => (layout.members + row * layout.memberBytes) >> 2
  words.fill(0, MUTABLE_WORDS, LIFE)
  bytes.fill(0, (LIFE + LIFE_WORDS) * 4, layout.slots)
  bytes.fill(0, layout.slots + layout.slotsMax * SLOT_BYTES, layout.arena)
  bytes.fill(0, layout.arena + layout.storeBytes)
  words[scrubWord] = scrub
  for (let row = 0; row < layout.membersMax; row += 1) words[firstOf(row)] = drawGeneration()
}
