import { RunaError } from '#protocol'
import { monotonicMs } from '../seat/members.ts'
import type { RecordNote } from './ring-records.ts'

/** Where a new consumer begins: at what is written next, or at the oldest record that is still there. */
export type StartFrom = 'now' | 'oldest'

/** What reads a ring, record by record. */
export interface Consumer {
  /**
   * The next record; undefined when everything is read. Valid until the next call of anything here: of a lossless ring,
   * these are the very bytes in shared memory, which no producer takes back before that.
   */
  next(): Uint8Array | undefined
  /**
   * Copies the next record to the beginning of `into`, and returns its length; -1 when everything is read. Throws
   * BAD_INPUT where it has no room, and then the record stays the next.
   */
  nextInto(into: Uint8Array): number
  hasNext(): boolean
  /** Blocks this thread until there is something, for at most so long. Whether there is. */
  waitSync(timeoutMs: number): boolean
  /** Gives back what was read: from now on, it may be written over. */
  settle(): void
  /** The number of the last record in its ring; runs on from 2^31 − 1 to −2^31. */
  readonly lastSequence: number
  /** As what the last record was relayed; 0 where it was published here. */
  readonly lastRelayedAs: number
  /** What the last record says of itself. */
  readonly note: RecordNote
  /** Records that were written over before they were read, so far. */
  readonly lost: number
  /** Records that were past their time when they were read, so far. */
  readonly expired: number
  leave(): void
}

/** Where a consumer begins, and how its cursor is given up. */
export interface Start {
  readonly cursor: number
  readonly position: number
  readonly sequence: number
  /** The kinds of records that it is handed, a bit each. */
  readonly kinds: number
  readonly leave: () => void
}

export function tooShort(messageBytes: number, intoBytes: number): RunaError {
  return new RunaError('BAD_INPUT', `A message of ${messageBytes} bytes does not fit into ${intoBytes}.`)
}

/** The monotonic clock in whole milliseconds of 32 bits, which wrap. */
export function coarseMs(): number {
  return Math.floor(monotonicMs()) | 0
}

const LIFETIME_MAX_MS = 2 ** 31 - 2

/** When something expires that lives for so long. Throws BAD_INPUT for what is no such time. Never 0. */
export function expiryAfter(timeToLiveMs: number): number {
  if (!(timeToLiveMs >= 1 && timeToLiveMs <= LIFETIME_MAX_MS)) {
    throw new RunaError('BAD_INPUT', `A message lives for 1 to ${LIFETIME_MAX_MS} ms.`)
  }
  return (coarseMs() + Math.ceil(timeToLiveMs)) | 0 || 1
}
