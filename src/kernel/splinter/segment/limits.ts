import { type Geometry, KEY_BYTES_MAX, LAYOUT_VERSION, RECORD_BYTES_MAX, TOPICS_MAX } from './geometry.ts'
import type { Header } from './header.ts'
import type { KeyStyle, Seals } from './privacy.ts'

/** What a bus was made with, and what fits on it. */
export interface BusLimits extends Geometry {
  readonly layoutVersion: number
  readonly sizeBytes: number
  readonly keyBytesMax: number
  readonly topicsMax: number
  /** Of an envelope with everything around its payload, and of no more than an inbox holds. */
  readonly envelopeBytesMax: number
  readonly seals: Seals
  readonly keyStyle: KeyStyle
  /** Whether its keys and values outlive the machine's power. */
  readonly persistent: boolean
}

export function limitsOf({ layout, privacy, persistent }: Header): BusLimits {
  const { membersMax, inboxBytes, topicsBytes, slotsMax, storeBytes, valueBytesMax, whenFull } = layout
  return {
    layoutVersion: LAYOUT_VERSION,
    sizeBytes: layout.sizeBytes,
    membersMax,
    slotsMax,
    keyBytesMax: KEY_BYTES_MAX,
    storeBytes,
    valueBytesMax,
    whenFull,
    topicsMax: TOPICS_MAX,
    topicsBytes,
    inboxBytes,
    envelopeBytesMax: Math.min(RECORD_BYTES_MAX, inboxBytes),
    seals: privacy.seals,
    keyStyle: privacy.keys,
    persistent,
  }
}
