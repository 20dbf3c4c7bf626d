import { createSpin, futexWait } from '#kernel/sys'
import { fence } from '../segment/fence.ts'
import type { Segment } from '../segment/segment.ts'
import { type Consumer, coarseMs, type Start, tooShort } from './consumer.ts'
import { POSITION, SEQUENCE, WAITING } from './ring-cursors.ts'
import type { RingPlace, RingSettings } from './ring-place.ts'
import {
  isNoted,
  lengthOf,
  MESSAGE,
  type RecordNote,
  RecordStore,
  recordBytes,
  relayedAsOf,
} from './ring-records.ts'
import { giveSpace } from './ring-space.ts'
import { emptyState, FORGOTTEN, readState, readVersion } from './ring-state.ts'

/**
 * A cursor is published after this part of the ring was read. Not sooner where somebody waits for room: whoever is woken for a
 * few records soon waits again, and there is enough left to read meanwhile.
 */
const STEP_PART = 8
const SCRATCH_BYTES_MAX = 65_536
/** Who brought something may have been killed before it woke the sleeper: so look again. */
const RECHECK_MS = 100

export function createConsumer(
  segment: Segment,
  place: RingPlace,
  settings: RingSettings,
  start: Start,
): Consumer {
  return new CursorConsumer(segment, place, settings, start)
}

/** Reads on from its start. Where it is stands in its cursor, in steps. */
class CursorConsumer implements Consumer {
  readonly note: RecordNote = { expiresAtMs: 0, kind: 0, call: 0, from: 0 }
  lost = 0
  expired = 0
  private readonly words: Int32Array
  private readonly place: RingPlace
  private readonly settings: RingSettings
  private readonly records: RecordStore
  private readonly cursor: number
  private readonly dropCursor: () => void
  private readonly spin = createSpin()
  private readonly isThere = () => this.hasNext()
  private readonly kinds: number
  private readonly state = emptyState()
  private readonly stepBytes: number
  private position: number
  private sequence: number
  /** Of the record that was found last. */
  private length = 0
  private noted = false
  private stamp = 0
  /** Whether that was handed out, and is not given back. */
  private isHeld = false
  private unpublishedBytes = 0
  private receivedMessages = 0
  private receivedBytes = 0
  private scratch: Uint8Array = new Uint8Array(0)

  constructor(segment: Segment, place: RingPlace, settings: RingSettings, start: Start) {
    this.words = segment.words
    this.place = place
    this.settings = settings
    this.records = new RecordStore(segment, place)
    this.stepBytes = Math.floor(place.capacityBytes / STEP_PART)
    this.cursor = start.cursor
    this.dropCursor = start.leave
    this.kinds = start.kinds
    this.position = start.position
    this.sequence = start.sequence
    this.refresh()
  }

  next(): Uint8Array | undefined {
    while (this.find()) {
      const { position, length, noted } = this
      const view = this.place.lossless ? this.records.viewAt(position, length, noted) : undefined
      const record = view ?? this.copy()
      if (this.take()) return record
    }
    return undefined
  }

  nextInto(into: Uint8Array): number {
    while (this.find()) {
      const { position, length, noted } = this
      if (length <= into.length) this.records.readInto(position, length, noted, into)
      else if (!this.wasForgotten()) {
        throw tooShort(length, into.length)
      } else continue
      if (!this.take()) continue
      if (this.isHeld) this.giveBack()
      return length
    }
    return -1
  }

  get lastSequence(): number {
    return this.isHeld ? this.sequence : (this.sequence - 1) | 0
  }

  get lastRelayedAs(): number {
    return this.noted && this.note.kind === MESSAGE ? relayedAsOf(this.note) : 0
  }

  hasNext(): boolean {
    if (this.isHeld) this.giveBack()
    return this.position !== this.state.head || this.look()
  }

  waitSync(timeoutMs: number): boolean {
    const { words, cursor, isThere } = this
    if (this.spin(isThere)) return true
    this.publish()
    const endMs = performance.now() + timeoutMs
    let leftMs = timeoutMs
    do {
      // First the mark, then the look: who writes does it in the other order, so one of the two sees the other.
      Atomics.store(words, cursor + WAITING, 1)
      if (isThere()) break
      futexWait(words, cursor + WAITING, 1, Math.min(RECHECK_MS, Math.ceil(leftMs)))
      if (isThere()) break
      leftMs = endMs - performance.now()
    } while (leftMs > 0)
    Atomics.store(words, cursor + WAITING, 0)
    return isThere()
  }

  settle(): void {
    if (this.isHeld) this.giveBack()
    this.publish()
  }

  leave(): void {
    this.settle()
    this.dropCursor()
  }

  /** Whether there is a next record, which is sound and not past its time. What it says of itself is read. */
  private find(): boolean {
    if (this.isHeld) this.giveBack()
    for (;;) {
      if (this.position === this.state.head && !this.look()) {
        this.publish()
        return false
      }
      const first = this.records.headAt(this.position, this.sequence)
      if (first < 0) this.skipDamage()
      else {
        this.length = lengthOf(first)
        this.noted = isNoted(first)
        this.stamp = this.records.stampAt(this.position)
        if (!this.isPassedOver()) return true
        if (!this.wasForgotten()) this.moveOn()
      }
    }
  }

  /** What was found and read counts, if it was whole to the end. A record of a lossless ring is held until then. */
  private take(): boolean {
    if (this.place.lossless) this.isHeld = true
    else if (this.wasForgotten()) return false
    this.receivedMessages += 1
    this.receivedBytes += this.length
    if (this.stamp !== 0) this.settings.statistics?.arrived(this.stamp)
    if (!this.place.lossless) this.moveOn()
    return true
  }

  /** Whether the record is past its time, or of a kind that is not wanted. What it says of itself is read. */
  private isPassedOver(): boolean {
    const { note } = this
    note.kind = MESSAGE
    note.expiresAtMs = 0
    if (this.noted) this.records.noteAt(this.position, note)
    if ((this.kinds & (1 << note.kind)) === 0) return true
    if (note.expiresAtMs === 0 || ((coarseMs() - note.expiresAtMs) | 0) < 0) return false
    this.expired += 1
    return true
  }

  /** Whether there is more than before. */
  private look(): boolean {
    if (readVersion(this.words, this.place.header) === this.state.version) return false
    this.refresh()
    return this.position !== this.state.head
  }

  /** What a lossy ring has lost meanwhile is counted, and passed over. */
  private refresh(): void {
    const { words, place, state, records } = this
    readState(words, place.header, state)
    if (!records.isPosition(state.head) || !records.isPosition(state.tail)) {
      // Damaged memory: there is nothing that could be read.
      state.head = this.position
      return
    }
    const behind = (state.tailSequence - this.sequence) | 0
    if (place.lossless || behind <= 0) return
    this.lost += behind
    this.moveTo(state.tail, state.tailSequence)
  }

  /** Whether the record may have been written over while it was read. Then this one stands at the oldest left. */
  private wasForgotten(): boolean {
    const { words, place, sequence } = this
    if (place.lossless) return false
    // After all that was read of it.
    fence()
    if (((Atomics.load(words, place.header + FORGOTTEN) - sequence) | 0) <= 0) return false
    this.refresh()
    // The mark alone may be damaged.
    return this.sequence !== sequence
  }

  /** What cannot be walked is lost, and counted. */
  private skipDamage(): void {
    const { state } = this
    if (this.wasForgotten()) return
    this.refresh()
    this.lost += Math.max(1, (state.headSequence - this.sequence) | 0)
    this.moveTo(state.head, state.headSequence)
  }

  private copy(): Uint8Array {
    const { position, length, noted } = this
    if (this.scratch.length !== length) this.scratch = this.scratchFor(length)
    this.records.readInto(position, length, noted, this.scratch)
    return this.scratch
  }

  private scratchFor(length: number): Uint8Array {
    const { buffer } = this.scratch
    if (buffer.byteLength >= length && buffer.byteLength <= SCRATCH_BYTES_MAX) {
      return new Uint8Array(buffer, 0, length)
    }
    const size = length > SCRATCH_BYTES_MAX ? length : Math.min(SCRATCH_BYTES_MAX, 2 * length)
    return new Uint8Array(new ArrayBuffer(size), 0, length)
  }

  private giveBack(): void {
    // Before the position moves on: after that, the next writer may be at work there.
    if (this.place.erasesRead) this.records.erase(this.position, this.length, this.noted)
    this.isHeld = false
    this.moveOn()
  }

  /** Past the record that was found. */
  private moveOn(): void {
    const bytes = recordBytes(this.length, this.noted)
    this.position = this.records.advance(this.position, bytes)
    this.sequence = (this.sequence + 1) | 0
    this.unpublishedBytes += bytes
    if (this.unpublishedBytes >= this.stepBytes) this.publish()
  }

  private moveTo(position: number, sequence: number): void {
    this.position = position
    this.sequence = sequence
    this.unpublishedBytes = this.stepBytes
    this.publish()
  }

  private publish(): void {
    if (this.receivedMessages > 0) {
      this.settings.statistics?.received(this.receivedMessages, this.receivedBytes)
      this.receivedMessages = 0
      this.receivedBytes = 0
    }
    if (this.unpublishedBytes === 0) return
    this.unpublishedBytes = 0
    Atomics.store(this.words, this.cursor + POSITION, this.position)
    Atomics.store(this.words, this.cursor + SEQUENCE, this.sequence)
    giveSpace(this.words, this.place.header, this.settings.onSpace)
  }
}
