import { RunaError } from '#protocol'
import type { KeyEntry } from './key-entry.ts'
import type { StoreParts } from './parts.ts'
import { checkInteger } from './refusals.ts'
import { GENERATION, INTEGER, INTEGER_TYPE, TYPE, TYPE_MASK, VERSION, WRITES } from './store-words.ts'

const LEAST = -(2n ** 63n)
const MOST = 2n ** 63n - 1n

/** Whole numbers of 64 bits with a sign. A key that counts holds nothing else; one that is not there yet counts from 0. */
export class Numbers {
  private readonly parts: StoreParts
  private readonly words: Int32Array
  private readonly integers: BigInt64Array

  constructor(parts: StoreParts) {
    this.parts = parts
    this.words = parts.segment.words
    this.integers = parts.segment.integers
  }

  /** 0n where there is none. */
  load(entry: KeyEntry): bigint {
    const { slots } = this.parts
    while (slots.locate(entry) && slots.use(entry.slot)) {
      const { slot, generation } = entry
      if (!this.isInteger(slot)) return 0n
      const value = Atomics.load(this.integers, (slot + INTEGER) / 2)
      if (Atomics.load(this.words, slot + GENERATION) === generation) return value
    }
    return 0n
  }

  /** Returns the new number. Throws BAD_INPUT where that has more than 64 bits, or the key holds bytes. */
  update(entry: KeyEntry, next: (current: bigint) => bigint): bigint {
    return this.parts.slots.change(entry, (slot) => {
      const value = checkRange(next(this.current(slot)))
      this.store(slot, value)
      return value
    })
  }

  /** The same with a second number. Throws BAD_INPUT also where that is none of JavaScript's bigints. */
  combine(entry: KeyEntry, operand: bigint, next: (current: bigint) => bigint): bigint {
    checkInteger(operand)
    return this.update(entry, next)
  }

  /** Returns what it was: if that is as expected, it was replaced. */
  compareExchange(entry: KeyEntry, expected: bigint, replacement: bigint): bigint {
    checkInteger(expected)
    checkRange(replacement)
    const exchange = (slot: number) => {
      const current = this.current(slot)
      if (current === expected) this.store(slot, replacement)
      return current
    }
    const { slots } = this.parts
    // A key that is not there holds 0: only whoever expects that makes it.
    return expected === 0n ? slots.change(entry, exchange) : (slots.changeIfThere(entry, exchange) ?? 0n)
  }

  private isInteger(slot: number): boolean {
    return ((this.words[slot + TYPE] ?? 0) & TYPE_MASK) === INTEGER_TYPE
  }

  private current(slot: number): bigint {
    if (this.isInteger(slot)) return Atomics.load(this.integers, (slot + INTEGER) / 2)
    if (this.parts.slots.isNew(slot)) return 0n
    throw new RunaError('BAD_INPUT', 'This key holds bytes, not a number.')
  }

  private store(slot: number, value: bigint): void {
    const { words } = this
    Atomics.store(this.integers, (slot + INTEGER) / 2, value)
    words[slot + TYPE] = ((words[slot + TYPE] ?? 0) & ~TYPE_MASK) | INTEGER_TYPE
    words[slot + WRITES] = (words[slot + WRITES] ?? 0) + 1
    Atomics.store(words, slot + VERSION, ((words[slot + VERSION] ?? 0) + 2) | 0)
  }
}

function checkRange(value: bigint): bigint {
  if (typeof value === 'bigint' && value >= LEAST && value <= MOST) return value
  throw new RunaError('BAD_INPUT', `${value} is no whole number of 64 bits with a sign (a bigint).`)
}
