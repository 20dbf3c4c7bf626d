import { crc32 } from 'node:zlib'
import { KEY_BYTES_MAX } from '../segment/geometry.ts'
import type { Segment } from '../segment/segment.ts'
import { KEY, KEY_LENGTH } from './store-words.ts'

/** What the check of a value begins with: a value is checked together with its key, so that it holds for no other one. */
export function checkSeed(key: Uint8Array): number {
  return crc32(key)
}

/** As it stands in a word. */
export function checkOf(value: Uint8Array, seed: number): number {
  return crc32(value, seed) | 0
}

/** As it stands in memory, and a view of it. */
export function keyIn({ words, bytes }: Segment, slot: number): Uint8Array {
  const length = Math.max(0, Math.min(words[slot + KEY_LENGTH] ?? 0, KEY_BYTES_MAX))
  return bytes.subarray((slot + KEY) * 4, (slot + KEY) * 4 + length)
}
