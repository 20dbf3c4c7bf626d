import { RunaError } from '#protocol'
import type { ValueOptions } from './value-store.ts'

/** The highest number of an ordered key. Numbers are never used again while their first key stands. */
const ORDERS_MAX = 1_000_000
/** After so many numbers that turn out to be taken, the keys themselves are asked. */
const COLLISIONS_MAX = 8

/** What ordered keys are made with. */
export interface OrderedKeys {
  readonly hasReadableKeys: boolean
  list(prefix: string): string[]
  compareAndSet(key: string, version: bigint, value: Uint8Array, options?: ValueOptions): boolean
  has(key: string): boolean
  /** The highest number that was given out under that key; undefined where there is no such key. */
  highest(key: string): number | undefined
  /** Nothing where the key is gone, or has a higher one. */
  raise(key: string, number: number): void
}

/**
 * `a`, `a.1`, `a.2` …: the first is the key itself. A number is taken by making its key, which one of many that try
 * succeeds in; only then the counter rises. Who dies in between leaves a counter that is too low, and the next one finds
 * the number taken and goes on from there.
 */
export function createOrders(keys: OrderedKeys) {
  function appendNext(key: string, value: Uint8Array, options: ValueOptions | undefined): number {
    let number = (keys.highest(key) ?? 0) + 1
    for (let collisions = 1; number <= ORDERS_MAX; collisions += 1) {
      if (keys.compareAndSet(`${key}.${number}`, 0n, value, options)) {
        keys.raise(key, number)
        return number
      }
      const highest = collisions % COLLISIONS_MAX === 0 ? highestListed(keys, key) : (keys.highest(key) ?? 0)
      number = Math.max(number, highest) + 1
    }
    throw new RunaError('STORE_FULL', `'${key}' has had ${ORDERS_MAX} ordered keys, and can have no more.`)
  }

  return {
    appendOrder(key: string, value: Uint8Array, options?: ValueOptions): number {
      return keys.compareAndSet(key, 0n, value, options) ? 0 : appendNext(key, value, options)
    },
    orders(key: string): string[] {
      const first = keys.has(key) ? [key] : []
      const numbers = keys.hasReadableKeys ? listedNumbers(keys, key) : triedNumbers(keys, key)
      return [...first, ...numbers.map((number) => `${key}.${number}`)]
    },
  }
}

function listedNumbers({ list }: OrderedKeys, key: string): number[] {
  const prefix = `${key}.`
  return list(prefix)
    .map((ordered) => ordered.slice(prefix.length))
    .filter((suffix) => /^[1-9]\d{0,6}$/.test(suffix))
    .map(Number)
    .sort((left, right) => left - right)
}

function highestListed(keys: OrderedKeys, key: string): number {
  return keys.hasReadableKeys ? (listedNumbers(keys, key).at(-1) ?? 0) : 0
}

/** Where keys cannot be read: up to the counter, and beyond it as far as somebody died before it rose. */
function triedNumbers(keys: OrderedKeys, key: string): number[] {
  const counted = Math.min(keys.highest(key) ?? 0, ORDERS_MAX)
  const numbers: number[] = []
  for (let number = 1; number <= ORDERS_MAX; number += 1) {
    if (keys.has(`${key}.${number}`)) numbers.push(number)
    else if (number > counted) break
  }
  return numbers
}
