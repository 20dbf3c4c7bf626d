import { RunaError } from '#protocol'
import { KEY_BYTES_MAX, WATCHES_MAX } from '../segment/geometry.ts'
import { checkLabel } from './labels.ts'
import { checkText } from './refusals.ts'
import type { Watched } from './watch-table.ts'

/** What to watch: one key, whether it exists or not; all that begin so; all that have a label. */
export type WatchSelector =
  | { readonly key: string }
  | { readonly prefix: string }
  | { readonly label: number }

/** What became of a key since its watcher was last told. What happened in between is one change. */
export interface KeyChange {
  /** For a label on a bus with hashed keys: the hash, in hexadecimal digits. */
  readonly key: string
  /** `set` also for a key that lost the label that is watched: it is told of once more, and then no longer. */
  readonly what: 'set' | 'deleted' | 'expired' | 'evicted'
  /** The version that the key has now; 0 where it is gone. */
  readonly version: bigint
}

export type ChangeListener = (change: KeyChange) => void

/** A key as it stands at one instant. */
export interface Sighting {
  readonly slotNumber: number
  readonly generation: number
  readonly version: bigint
  readonly labelsLow: number
  readonly labelsHigh: number
}

/** What watching needs to see of the store. Keys as they stand in memory. */
export interface WatchedKeys {
  readonly hasReadableKeys: boolean
  storedKey(key: string): Buffer
  /** Undefined for a key that is gone, or has outlived its time. */
  look(key: Uint8Array): Sighting | undefined
  keyIn(slotNumber: number): Buffer | undefined
  /** Whether somebody who lives is changing it. */
  isChanging(slotNumber: number): boolean
  /** How the key of that generation went; `deleted` where that is not known any more. */
  endOf(slotNumber: number, generation: number): KeyChange['what']
  /** Enters a watch for this member, and returns its number, or −1; calls `each` with every key that it is for. */
  begin(watched: Watched, each: (key: Buffer) => void): number
  /** The watch is over, which had told of these keys. */
  end(watch: number, keys: Iterable<Buffer>): void
  /** The key is none any more that this watch is for; another one may be. */
  leave(key: Buffer): void
  rounds(): number
  takeMarks(): number[]
}

interface Watch {
  readonly number: number
  readonly watched: Watched
  readonly listener: ChangeListener
  readonly nameOf: (key: Buffer) => string
  /** The keys that this watch has told of, or found when it began. */
  readonly seen: Map<string, Sighting>
  /** More than one where a key was found in a slot before it was told of the one that had been there. */
  readonly bySlot: Map<number, Set<string>>
}

/** A slot that somebody is changing is looked at again, in case that one dies without a word: seldom, if it is only slow. */
const LOOK_AGAIN_MS = 5
const LOOK_AGAIN_MS_MAX = 320

/** One member's watches. `drain` is for its pump: it looks at what was marked, and tells its listeners. */
export function createWatches(keys: WatchedKeys, wake: () => void) {
  const watches = new Set<Watch>()
  const untold: (() => unknown)[] = []
  let held = new Set<number>()
  let timer: NodeJS.Timeout | undefined
  let seenRounds = keys.rounds()
  let lookAgainMs = LOOK_AGAIN_MS

  function lookAgainLater(): void {
    clearTimeout(timer)
    timer = setTimeout(wake, lookAgainMs)
    timer.unref()
    lookAgainMs = Math.min(2 * lookAgainMs, LOOK_AGAIN_MS_MAX)
  }

  function lookAtMarked(): void {
    seenRounds = keys.rounds()
    const marked = new Set([...keys.takeMarks(), ...held])
    held = new Set()
    for (const slotNumber of marked) {
      // Whoever changes it may die before it says so again. This look may have come too early.
      if (keys.isChanging(slotNumber)) held.add(slotNumber)
      for (const watch of watches) {
        for (const change of findChanges(keys, watch, slotNumber))
          untold.push(() => watches.has(watch) && watch.listener(change))
      }
    }
    if (held.size > 0) lookAgainLater()
    else lookAgainMs = LOOK_AGAIN_MS
  }

  function end(watch: Watch): void {
    if (!watches.delete(watch)) return
    keys.end(
      watch.number,
      [...watch.seen.keys()].map((id) => Buffer.from(id, 'latin1')),
    )
  }

  return {
    hasWork: () => untold.length > 0 || (watches.size > 0 && keys.rounds() !== seenRounds),
    drain(): boolean {
      if (watches.size === 0 && untold.length === 0) return false
      if (keys.rounds() !== seenRounds || held.size > 0) lookAtMarked()
      const hadWork = untold.length > 0
      // One that throws is told of no second time, and the others are told in the next turn.
      for (let next = untold.shift(); next; next = untold.shift()) next()
      return hadWork
    },
    watch(selector: WatchSelector, listener: ChangeListener): () => void {
      const watch = beginWatch(keys, selector, listener)
      watches.add(watch)
      return () => end(watch)
    },
    close(): void {
      clearTimeout(timer)
      for (const watch of watches) {
        try {
          end(watch)
        } catch (error) {
          // Somebody holds the store up. Whoever takes this row next ends what is left.
          if (!(error instanceof RunaError)) throw error
        }
      }
      untold.length = 0
    },
  }
}

function beginWatch(keys: WatchedKeys, selector: WatchSelector, listener: ChangeListener): Watch {
  refuseNoWatch(selector, listener)
  const watched = describeSelector(keys, selector)
  const seen = new Map<string, Sighting>()
  const bySlot = new Map<number, Set<string>>()
  const number = keys.begin(watched, (key) => remember({ seen, bySlot }, idOf(key), keys.look(key)))
  if (number >= 0) return { number, watched, listener, nameOf: nameFor(keys, selector), seen, bySlot }
  throw new RunaError(
    'BUS_FULL',
    `A member watches at most ${WATCHES_MAX} keys, prefixes and labels, and only those in the first 32 rows do.`,
  )
}

/** A longer one would never be of a key. */
function checkFits(bytes: Buffer): Buffer {
  if (bytes.length <= KEY_BYTES_MAX) return bytes
  throw new RunaError('BAD_INPUT', `A key has at most ${KEY_BYTES_MAX} bytes; this one has ${bytes.length}.`)
}

function refuseNoWatch(selector: WatchSelector, listener: ChangeListener): void {
  if (typeof selector === 'object' && selector !== null && typeof listener === 'function') return
  throw new RunaError('BAD_INPUT', 'A watch is of { key }, { prefix } or { label }, and calls a function.')
}

const idOf = (key: Uint8Array) => Buffer.from(key).toString('latin1')

function describeSelector(keys: WatchedKeys, selector: WatchSelector): Watched {
  if ('label' in selector) return { kind: 'label', label: checkLabel(selector.label) }
  if ('key' in selector) return { kind: 'key', bytes: checkFits(keys.storedKey(checkText(selector.key))) }
  if (keys.hasReadableKeys)
    return { kind: 'prefix', bytes: checkFits(Buffer.from(checkText(selector.prefix))) }
  throw new RunaError(
    'BAD_INPUT',
    'The keys of this bus are hashed: what they begin with cannot be seen. Watch keys or labels.',
  )
}

function nameFor({ hasReadableKeys }: WatchedKeys, selector: WatchSelector): (key: Buffer) => string {
  if ('key' in selector) return () => selector.key
  return (key) => key.toString(hasReadableKeys ? 'utf8' : 'hex')
}

/** What is to be told of the key that this watch knew in that slot, and of the one that is there now. */
function findChanges(keys: WatchedKeys, watch: Watch, slotNumber: number): KeyChange[] {
  const present = keys.keyIn(slotNumber)
  const ids = new Set(watch.bySlot.get(slotNumber))
  if (present) ids.add(idOf(present))
  return [...ids].flatMap((id) => {
    const change = findChange(keys, watch, id)
    return change ? [change] : []
  })
}

function findChange(keys: WatchedKeys, watch: Watch, id: string): KeyChange | undefined {
  const key = Buffer.from(id, 'latin1')
  const before = watch.seen.get(id)
  const now = keys.look(key)
  if (now && isFor(watch.watched, key, now)) {
    if (before?.version === now.version) return undefined
    remember(watch, id, now)
    return { key: watch.nameOf(key), what: 'set', version: now.version }
  }
  if (!before) return undefined
  remember(watch, id, undefined)
  if (now) keys.leave(key)
  const what = now ? 'set' : keys.endOf(before.slotNumber, before.generation)
  return { key: watch.nameOf(key), what, version: now?.version ?? 0n }
}

function isFor(watched: Watched, key: Buffer, { labelsLow, labelsHigh }: Sighting): boolean {
  if (watched.kind === 'label') {
    const half = watched.label < 32 ? labelsLow : labelsHigh
    return ((half >>> (watched.label & 31)) & 1) === 1
  }
  if (watched.kind === 'key' && key.length !== watched.bytes.length) return false
  return key.length >= watched.bytes.length && key.subarray(0, watched.bytes.length).equals(watched.bytes)
}

function remember(
  { seen, bySlot }: Pick<Watch, 'seen' | 'bySlot'>,
  id: string,
  now: Sighting | undefined,
): void {
  const before = seen.get(id)
  const there = before && bySlot.get(before.slotNumber)
  if (there?.delete(id) && there.size === 0) bySlot.delete(before?.slotNumber ?? 0)
  if (!now) return void seen.delete(id)
  seen.set(id, now)
  const ids = bySlot.get(now.slotNumber) ?? new Set()
  bySlot.set(now.slotNumber, ids.add(id))
}
