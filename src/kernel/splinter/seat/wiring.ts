import type { Witness } from '../recording/witness.ts'
import type { Protection } from '../segment/privacy.ts'
import type { Segment } from '../segment/segment.ts'
import type { OwnRow } from './members.ts'
import type { OwnerLocks } from './owner-lock.ts'
import type { Pump } from './pump.ts'

/** What the parts of one seat on the bus share. */
export interface Wiring {
  readonly segment: Segment
  readonly own: OwnRow
  readonly locks: OwnerLocks
  readonly pump: Pump
  readonly protection: Protection
  readonly witness: Witness
  wakeRow(row: number): void
  wakeEverybody(): void
}
