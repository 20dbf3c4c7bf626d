import type { Store, ValueOptions } from '#kernel/splinter'
import type { Entry } from './transfer.ts'

/** Undefined for a key that goes meanwhile. */
export function readEntry(store: Store, key: string, words: ValueOptions): Entry | undefined {
  const head = store.head(key)
  const value = head?.type === 'integer' ? store.load(key) : store.get(key, words)
  if (head === undefined || value === undefined) return undefined
  const { type, labels, expiresAt, halfLifeMs, threshold } = head
  const decay = halfLifeMs === undefined ? undefined : { halfLifeMs, threshold: threshold ?? 0 }
  return { key, type, value, labels, expiresAt, decay }
}

/** In place of whatever is there. */
export function writeEntry(
  store: Store,
  { key, type, value, labels, expiresAt, decay }: Entry,
  words: ValueOptions,
  now: number,
): void {
  if (typeof value === 'bigint') {
    store.delete(key)
    store.add(key, value)
  } else {
    if (store.head(key)?.type === 'integer') store.delete(key)
    store.set(key, value, { ...words, type })
  }
  store.label(key, { add: labels, remove: ~labels & (2n ** 64n - 1n) })
  store.decay(key, decay)
  store.expire(key, expiresAt === undefined ? undefined : expiresAt - now)
}
