import { RunaError } from '#protocol'
import type { OwnerLocks } from '../seat/owner-lock.ts'
import { KEY_BYTES_MAX } from '../segment/geometry.ts'
import type { Protection } from '../segment/privacy.ts'
import type { Segment } from '../segment/segment.ts'
import { Blocks } from './blocks.ts'
import { KeyEntry } from './key-entry.ts'
import type { StoreParts } from './parts.ts'
import { checkText } from './refusals.ts'
import { Slots } from './slots.ts'
import { Values } from './values.ts'

/** What a store is put together from, with the keys that it has come to know. */
export interface KeyedParts extends StoreParts {
  /** Throws BAD_INPUT for a key that this bus does not take. */
  entryOf(key: string): KeyEntry
}

/** Of keys that are remembered: longer than a process's keys stay in use, short enough to stay small. */
const KNOWN_MAX = 16_384

export function createStoreParts(
  segment: Segment,
  locks: OwnerLocks,
  { storedKey }: Pick<Protection, 'storedKey'>,
): KeyedParts {
  const blocks = new Blocks(segment, locks)
  const values = new Values(segment, blocks)
  const slots = new Slots(segment, locks, values)
  const known = new Map<string, KeyEntry>()

  function know(key: string): KeyEntry {
    const bytes = storedKey(checkText(key))
    if (bytes.length === 0 || bytes.length > KEY_BYTES_MAX) {
      throw new RunaError('BAD_INPUT', `A key has 1 to ${KEY_BYTES_MAX} bytes; this one has ${bytes.length}.`)
    }
    if (known.size >= KNOWN_MAX) known.clear()
    const entry = new KeyEntry(parts, key, bytes)
    known.set(key, entry)
    return entry
  }

  const entryOf = (key: string) => known.get(key) ?? know(key)
  const parts: KeyedParts = { segment, locks, blocks, values, slots, entryOf }
  return parts
}
