import { closeSync, openSync } from 'node:fs'
import { allocateFile, mapFile } from '#kernel/sys'

export const VALUE_BYTES = 1_024
/** A worker that inserts deletes the key before so many. */
export const KEYS_KEPT = 4
export const TOPIC = { lossless: true, capacityBytes: 65_536 } as const
const LIVES_MAX = 16_384
const WORDS = 4

/** What each life of a worker says about itself, in memory that outlives it and that is no part of the bus. */
export interface Ledger {
  /** The life is in its loop. */
  start(life: number): void
  hasStarted(life: number): boolean
  /** Everything up to this number is done. */
  acknowledge(life: number, number: number): void
  /** −1 when nothing is. */
  acknowledged(life: number): number
  countTorn(life: number): void
  torn(life: number): number
}

export function createLedgerFile(path: string): void {
  const fd = openSync(path, 'wx+', 0o600)
  allocateFile(fd, LIVES_MAX * WORDS * 4)
  closeSync(fd)
}

export function openLedger(path: string): Ledger {
  const words = new Int32Array(mapFile(openSync(path, 'r+')))
  return {
    start: (life) => void Atomics.store(words, life * WORDS, 1),
    hasStarted: (life) => Atomics.load(words, life * WORDS) === 1,
    acknowledge: (life, number) => void Atomics.store(words, life * WORDS + 1, number + 1),
    acknowledged: (life) => Atomics.load(words, life * WORDS + 1) - 1,
    countTorn: (life) => void Atomics.add(words, life * WORDS + 2, 1),
    torn: (life) => Atomics.load(words, life * WORDS + 2),
  }
}

/** Bytes that belong to one number of one life, and show when any of them is another's. */
export function fillValue(value: Buffer, life: number, number: number): void {
  value.fill((life * 31 + number) & 0xff)
  value.writeInt32LE(life, 0)
  value.writeInt32LE(number, 4)
}

/** The number, or undefined when the bytes are of more than one writing. */
export function readValue(value: Uint8Array): { life: number; number: number } | undefined {
  if (value.length !== VALUE_BYTES) return undefined
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.length)
  const [life, number] = [bytes.readInt32LE(0), bytes.readInt32LE(4)]
  const fill = (life * 31 + number) & 0xff
  return bytes.subarray(8).every((byte) => byte === fill) ? { life, number } : undefined
}
