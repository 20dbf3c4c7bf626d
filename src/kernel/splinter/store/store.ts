import type { Protection } from '../segment/privacy.ts'
import { type Attributes, createAttributes } from './attributes.ts'
import { createStoreParts, type KeyedParts } from './create-parts.ts'
import { createOrders, type OrderedKeys } from './orders.ts'
import { readFigures, type StoreFigures } from './store-figures.ts'
import { ORDERS } from './store-words.ts'
import type { Swept } from './sweep.ts'
import { createUpkeep, type UpkeepOptions, type UpkeepWiring } from './upkeep.ts'
import { createValueStore, listKeys, type SetOptions, type ValueStore } from './value-store.ts'
import type { ChangeListener, WatchSelector } from './watches.ts'

/** Keys and values in the memory of the bus, and how they live. */
export interface Store extends ValueStore, Attributes {
  /**
   * Makes the next of `key`, `key.1`, `key.2` … and returns its number; 0 is the key itself. Throws as `set`, and STORE_FULL
   * after a million.
   */
  appendOrder(key: string, value: Uint8Array, options?: SetOptions): number
  /** The key, and those that were appended to it, by their numbers. */
  orders(key: string): string[]
  /**
   * Tells from now on what becomes of a key, of all that begin so, or of all that have a label. What happens before the
   * listener is called is one change; none is missed, whoever dies. Returns a function that ends it. Throws BUS_FULL for more
   * than 32 watches at a time, or in a row of the process table beyond the 32nd; BAD_INPUT for a prefix where keys are hashed.
   */
  watch(selector: WatchSelector, listener: ChangeListener): () => void
  /**
   * Lets go of keys that are past their time or have faded, looking at up to 16,384 each time it is called. Announces them on
   * `$announcements`. Does nothing while another process sweeps.
   */
  sweep(): Swept
  /** Looks at every key. */
  figures(): StoreFigures
}

/** The store of one seat on the bus. */
export function createStore(wiring: UpkeepWiring, options: UpkeepOptions) {
  const { segment, locks, protection } = wiring
  const parts = createStoreParts(segment, locks, protection)
  const upkeep = createUpkeep(wiring, options, parts)
  const values = createValueStore(parts, protection)
  const attributes = createAttributes({
    ...parts,
    ...upkeep,
    listKeys: (passes) => listKeys(parts, protection, passes),
  })
  // Onto the same object: a copy would not carry what it reads anew each time.
  const store: Store = Object.assign(values, attributes, {
    ...createOrders(orderedKeys(parts, protection, values)),
    watch: upkeep.watch,
    sweep: upkeep.sweep,
    figures: () => readFigures(parts),
  })
  return { store, parts, closeStore: upkeep.close }
}

function orderedKeys(
  { slots, entryOf, segment: { words } }: KeyedParts,
  { hasReadableKeys }: Protection,
  { compareAndSet, list }: ValueStore,
): OrderedKeys {
  return {
    hasReadableKeys,
    compareAndSet,
    list,
    has: (key) => entryOf(key).head() !== undefined,
    highest: (key) => entryOf(key).head()?.orders,
    raise(key, number) {
      slots.changeIfThere(entryOf(key), (slot) => {
        words[slot + ORDERS] = Math.max(number, words[slot + ORDERS] ?? 0)
        return true
      })
    },
  }
}
