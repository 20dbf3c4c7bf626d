import { closeSync, openSync } from 'node:fs'
import { allocateFile, mapFile } from '#kernel/sys'

/** A worker that inserts deletes the key before so many. */
export const KEYS_KEPT = 4
export const TOPIC = { lossless: true, capacityBytes: 65_536 } as const
export const LIVES_MAX = 65_536
const VALUE_BYTES_MAX = 1_024
const WORDS = 8

// Words of a life.
const STATE = 0
const ACKNOWLEDGED = 1
const TORN = 2
const WEDGED = 3
const STALL = 4
// Words of the storm, before all lives.
const NEXT_LIFE = 0
const LIVES = 1
const ENDED = 2

const LIVING = 1
const DEAD = 2
const CHECKED = 3

/** What each life of a worker says about itself, in memory that outlives it and that is no part of the bus. */
export interface Ledger {
  /** So many lives from now on. */
  allow(lives: number): void
  /** Lives that have begun. */
  begun(): number
  /** The number of a life that begins; undefined when there are to be no more. */
  begin(): number | undefined
  /** The storm is over. */
  end(): void
  hasEnded(): boolean
  /** The life is at work. */
  start(life: number): void
  hasStarted(life: number): boolean
  markDead(life: number): void
  isDead(life: number): boolean
  /** What it left was looked after. */
  markChecked(life: number): void
  isChecked(life: number): boolean
  /** Everything up to this number is done. */
  acknowledge(life: number, number: number): void
  /** −1 when nothing is. */
  acknowledged(life: number): number
  countTorn(life: number): void
  torn(life: number): number
  countWedged(life: number): void
  wedged(life: number): number
  /** How long one thing took, if nothing took longer. */
  noteStall(life: number, micros: number): void
  stallMicros(life: number): number
}

export function createLedgerFile(path: string): void {
  const fd = openSync(path, 'wx+', 0o600)
  allocateFile(fd, (LIVES_MAX + 1) * WORDS * 4)
  closeSync(fd)
}

export function openLedger(path: string): Ledger {
  const fd = openSync(path, 'r+')
  const words = new Int32Array(mapFile(fd))
  closeSync(fd)
  const at = (life: number, word: number) => (life + 1) * WORDS + word
  const load = (life: number, word: number) => Atomics.load(words, at(life, word))
  const store = (life: number, word: number, value: number) =>
    void Atomics.store(words, at(life, word), value)
  const count = (life: number, word: number) => void Atomics.add(words, at(life, word), 1)
  return {
    allow: (lives) => void Atomics.add(words, LIVES, lives),
    begun: () => Math.min(Atomics.load(words, NEXT_LIFE), Atomics.load(words, LIVES)),
    begin() {
      if (Atomics.load(words, NEXT_LIFE) >= Atomics.load(words, LIVES)) return undefined
      const life = Atomics.add(words, NEXT_LIFE, 1)
      return life < Atomics.load(words, LIVES) ? life : undefined
    },
    end: () => void Atomics.store(words, ENDED, 1),
    hasEnded: () => Atomics.load(words, ENDED) === 1,
    start: (life) => store(life, STATE, LIVING),
    hasStarted: (life) => load(life, STATE) !== 0,
    markDead: (life) => store(life, STATE, DEAD),
    isDead: (life) => load(life, STATE) === DEAD,
    markChecked: (life) => store(life, STATE, CHECKED),
    isChecked: (life) => load(life, STATE) === CHECKED,
    acknowledge: (life, number) => store(life, ACKNOWLEDGED, number + 1),
    acknowledged: (life) => load(life, ACKNOWLEDGED) - 1,
    countTorn: (life) => count(life, TORN),
    torn: (life) => load(life, TORN),
    countWedged: (life) => count(life, WEDGED),
    wedged: (life) => load(life, WEDGED),
    noteStall: (life, micros) => store(life, STALL, Math.max(load(life, STALL), Math.round(micros))),
    stallMicros: (life) => load(life, STALL),
  }
}

/** A log begins anew after so many entries. */
export const LOG_ENTRIES = 200
const LOG_ENTRY_BYTES = 24

export function makeEntry(life: number, number: number): Buffer {
  const entry = Buffer.alloc(LOG_ENTRY_BYTES, number & 0xff)
  entry.writeInt32LE(life, 0)
  entry.writeInt32LE(number, 4)
  return entry
}

/** The number of its last entry; undefined when it is no log of that life without a gap. */
export function readLog(log: Uint8Array, life: number): number | undefined {
  const bytes = Buffer.from(log.buffer, log.byteOffset, log.length)
  const entries = log.length / LOG_ENTRY_BYTES
  const first = entries >= 1 ? bytes.readInt32LE(4) : -1
  if (!Number.isInteger(entries) || first < 0 || first % LOG_ENTRIES !== 0) return undefined
  for (let index = 0; index < entries; index += 1) {
    const start = index * LOG_ENTRY_BYTES
    if (!bytes.subarray(start, start + LOG_ENTRY_BYTES).equals(makeEntry(life, first + index)))
      return undefined
  }
  return first + entries - 1
}

const HEAD_BYTES = 16

/**
 * Bytes that belong to one number of one life, and show when any of them is another's. Their length goes up and down with
 * the number, so that values move between blocks.
 */
export function makeValue(life: number, number: number): Buffer {
  const length = HEAD_BYTES + (((number * 0x9e37_79b1) >>> 0) % (VALUE_BYTES_MAX - HEAD_BYTES))
  const value = Buffer.alloc(length, (life * 31 + number) & 0xff)
  value.writeInt32LE(life, 0)
  value.writeInt32LE(number, 4)
  value.writeInt32LE(length, 8)
  return value
}

/** Undefined when the bytes are of more than one writing. */
export function readValue(value: Uint8Array): { life: number; number: number } | undefined {
  if (value.length < HEAD_BYTES) return undefined
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.length)
  const [life, number, length] = [bytes.readInt32LE(0), bytes.readInt32LE(4), bytes.readInt32LE(8)]
  if (length !== value.length) return undefined
  const fill = (life * 31 + number) & 0xff
  return bytes.subarray(12).every((byte) => byte === fill) ? { life, number } : undefined
}
