import type { OwnerLocks, Ownership } from '../seat/owner-lock.ts'
import type { StatisticsRow } from '../statistics/row.ts'

export interface RingPlace {
  /** Of its header, in words. */
  readonly header: number
  /** Of its records, in bytes. */
  readonly records: number
  readonly capacityBytes: number
  /** Members that may consume. */
  readonly consumersMax: number
  /** A lossless ring refuses what would overwrite a record that a living consumer has not read. */
  readonly lossless: boolean
  /** What has been read is overwritten: for a lossless ring with one consumer. */
  readonly erasesRead?: boolean
}

export interface RingSettings {
  readonly locks: OwnerLocks
  readonly owner: Ownership
  /** Called when a consumer made room that an event loop asked for. */
  readonly onSpace: () => void
  readonly statistics?: StatisticsRow | undefined
}
