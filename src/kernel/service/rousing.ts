import type { Bus } from '#kernel/splinter'

type Store = Pick<Bus['store'], 'load' | 'add' | 'watch'>

/**
 * How a service that sleeps is called, and how it may fall asleep without missing a call: whole numbers in the memory of the
 * bus, which outlives callers, services and gilgul alike. Wishes are only ever counted up; a service that falls asleep notes
 * how many it knew of. One that is counted later finds it asleep, and wanted.
 */
export interface Rousing {
  /** Wishes that it be started. False where it is no service that sleeps, or will not come up. */
  rouse(service: string): boolean
  wishes(service: string): bigint
  /** Of a service: from now on it sleeps, and knew of so many wishes. */
  sleep(service: string, wishes: bigint): void
  /** Whether somebody has called it since it fell asleep. */
  isWanted(service: string): boolean
  /** Of gilgul: whether callers may wait for it. */
  allow(service: string, mayWait: boolean): void
  /** Calls `onWish` after wishes, with the name of the service. Returns the end of it. */
  watch(onWish: (service: string) => void): () => void
}

const WISHES = 'sleepers/wishes/'
const KNOWN = 'sleepers/known/'
const CALLABLE = 'sleepers/callable/'

export function createRousing(store: Store): Rousing {
  const wishes = (service: string) => store.load(WISHES + service)

  /** Each of these numbers has one writer at a time. */
  function put(key: string, value: bigint): void {
    const before = store.load(key)
    if (before !== value) store.add(key, value - before)
  }

  return {
    rouse(service) {
      if (store.load(CALLABLE + service) === 0n) return false
      store.add(WISHES + service, 1n)
      return true
    },
    wishes,
    sleep: (service, known) => put(KNOWN + service, known),
    isWanted: (service) => wishes(service) > store.load(KNOWN + service),
    allow: (service, mayWait) => put(CALLABLE + service, mayWait ? 1n : 0n),
    watch: (onWish) => store.watch({ prefix: WISHES }, ({ key }) => onWish(key.slice(WISHES.length))),
  }
}
