import type { OwnerLocks } from '../seat/owner-lock.ts'
import type { Segment } from '../segment/segment.ts'
import type { Blocks } from './blocks.ts'
import type { Slots } from './slots.ts'
import type { Values } from './values.ts'

/** What the store of one member is put together from. */
export interface StoreParts {
  readonly segment: Segment
  readonly locks: OwnerLocks
  readonly blocks: Blocks
  readonly values: Values
  readonly slots: Slots
}
