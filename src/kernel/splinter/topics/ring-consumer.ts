import type { Segment } from '../segment/segment.ts'
import type { RingPlace, RingSettings } from './ring-place.ts'
import { createRecordStore, recordBytes } from './ring-records.ts'
import { emptyState, type RingState, readState, SPACE_WANTED } from './ring-state.ts'

const SCRATCH_BYTES = 65_536

export interface Consumer {
  /** The next record: valid until the next call. Undefined when everything is read. */
  next(): Uint8Array | undefined
  hasNext(): boolean
  /** Records that were overwritten before they were read, so far. */
  readonly lost: number
  leave(): void
}

/** Reads on from where `state` has its head. Its position is published in the two words at `cursor`. */
export function createConsumer(
  segment: Segment,
  place: RingPlace,
  { owner, onSpace }: RingSettings,
  cursor: number,
  { head, headSequence }: RingState,
): Consumer {
  const { words } = segment
  const { header, lossless, erasesRead = false } = place
  const store = createRecordStore(segment, place)
  const scratch = Buffer.alloc(Math.min(SCRATCH_BYTES, place.capacityBytes))
  const state = emptyState()
  let position = head
  let sequence = headSequence
  let lost = 0

  function moveTo(next: number, nextSequence: number): void {
    position = next
    sequence = nextSequence
    Atomics.store(words, cursor + 1, position)
    if (lossless && Atomics.load(words, header + SPACE_WANTED) !== 0) {
      Atomics.store(words, header + SPACE_WANTED, 0)
      onSpace()
    }
  }

  /** To the oldest record that is still there; what lies between is lost, and counted. */
  function catchUp(): void {
    readState(words, header, state)
    const behind = (state.tailSequence - sequence) | 0
    if (lossless || behind <= 0) return
    lost += behind
    moveTo(state.tail, state.tailSequence)
  }

  function next(): Uint8Array | undefined {
    for (;;) {
      catchUp()
      if (position === state.head) return undefined
      const length = store.lengthAt(position, sequence)
      if (length !== undefined) {
        const record = length <= scratch.length ? scratch.subarray(0, length) : Buffer.allocUnsafe(length)
        store.read(position, record)
        if (!wasOverwritten()) {
          // Before the position moves on: after that, the next writer may be at work there.
          if (erasesRead) store.erase(position, length)
          moveTo(store.advance(position, recordBytes(length)), (sequence + 1) | 0)
          return record
        }
      } else if (!wasOverwritten()) {
        // Damaged memory: what is left of the ring cannot be walked.
        readState(words, header, state)
        lost += Math.max(1, (state.headSequence - sequence) | 0)
        moveTo(state.head, state.headSequence)
      }
    }
  }

  function wasOverwritten(): boolean {
    if (lossless) return false
    readState(words, header, state)
    return ((state.tailSequence - sequence) | 0) > 0
  }

  return {
    next,
    hasNext() {
      readState(words, header, state)
      return position !== state.head
    },
    get lost() {
      return lost
    },
    leave: () => void Atomics.compareExchange(words, cursor, owner.stamp, 0),
  }
}
