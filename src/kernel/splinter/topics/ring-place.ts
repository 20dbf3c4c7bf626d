import type { OwnerLocks, Ownership } from '../seat/owner-lock.ts'

export interface RingPlace {
  /** Of its header, in words. */
  readonly header: number
  /** Of its records, in bytes. */
  readonly records: number
  readonly capacityBytes: number
  readonly consumersMax: number
  /** A lossless ring refuses what would overwrite a record that a living consumer has not read. */
  readonly lossless: boolean
  /** What has been read is overwritten: for a lossless ring with one consumer. */
  readonly erasesRead?: boolean
}

export interface RingSettings {
  readonly locks: OwnerLocks
  readonly owner: Ownership
  /** Called when a consumer made room that somebody asked for. */
  readonly onSpace: () => void
}
