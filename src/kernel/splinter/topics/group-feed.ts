import { clearTimeout, setTimeout } from 'node:timers'
import { RunaError } from '#protocol'
import { watchLife } from '../seat/bell.ts'
import { rowOfStamp } from '../seat/stamp.ts'
import type { Wiring } from '../seat/wiring.ts'
import type { LossCounter } from './losses.ts'
import type { Ring } from './ring.ts'
import type { GroupMember, GroupOptions, Taken } from './ring-group-member.ts'

/** Between two tries where the ring could not be had, each of which may wait for a second. */
const RETRY_MS = 1_000
/** A turn of the event loop goes on for so long: others have work too. */
const TURN_MS = 1

interface GroupFeed {
  readonly lost: number
  end(): void
}

/** Brings a member of a group what it takes. `hear` may return a promise: until it is settled, the message is not finished. */
export function startGroupFeed(
  wiring: Wiring,
  ring: Ring,
  countLosses: LossCounter,
  name: string,
  options: GroupOptions,
  hear: (taken: Taken) => unknown,
): GroupFeed {
  const { own, pump } = wiring
  const member = joinGroup(wiring, ring, name, options)
  const watch = watchMembers(wiring, ring, member)
  let isEnded = false
  let isFaulty = false
  let retry: NodeJS.Timeout | undefined

  function deliver(taken: Taken): void {
    let result: unknown
    try {
      result = hear(taken)
    } finally {
      if (!(result instanceof Promise)) taken.finish()
    }
    if (!(result instanceof Promise)) return
    // A handler that fails has had its message; its error stays an error of this process.
    void result.finally(() => {
      taken.finish()
      if (!isEnded) pump.wake()
    })
  }

  /** Nothing where the ring is damaged, or somebody who was stopped holds its lock: it is tried again a little later. */
  function take(): Taken | undefined {
    try {
      return member.take()
    } catch (error) {
      if (!(error instanceof RunaError)) throw error
      isFaulty = true
      clearTimeout(retry)
      retry = setTimeout(pump.wake, RETRY_MS).unref()
      own.count('damaged', 1)
      return undefined
    }
  }

  const endSource = pump.add({
    hasWork: () => !isFaulty && member.hasNext(),
    drain() {
      isFaulty = false
      watch.refresh()
      const endMs = performance.now() + TURN_MS
      let handled = 0
      for (let taken = take(); taken; taken = performance.now() < endMs ? take() : undefined) {
        deliver(taken)
        handled += 1
      }
      countLosses(member)
      return handled > 0
    },
  })

  return {
    get lost() {
      return member.lost
    },
    end() {
      isEnded = true
      clearTimeout(retry)
      endSource()
      watch.end()
      member.leave()
    },
  }
}

/** The others learn of it, so that they watch over this one. */
export function joinGroup(
  { wakeRow }: Pick<Wiring, 'wakeRow'>,
  ring: Ring,
  name: string,
  options: GroupOptions,
): GroupMember {
  const member = ring.joinGroup(name, options)
  ring.wakeConsumers(wakeRow)
  return member
}

/** Has a member look for what others leave when they die. Each watches all others. */
export function watchMembers(wiring: Wiring, ring: Ring, member: GroupMember) {
  const watch = createDeathWatch(wiring, () => {
    member.suspectDeath()
    wiring.pump.wake()
  })
  let joins: number | undefined
  return {
    refresh(): void {
      if (ring.joins === joins) return
      joins = ring.joins
      watch.set(member.stamps())
    },
    end: watch.end,
  }
}

/** Tells when one of some other members has died. */
export function createDeathWatch({ segment, own }: Pick<Wiring, 'segment' | 'own'>, onDeath: () => void) {
  const watched = new Map<number, () => void>()

  function start(stamp: number): void {
    try {
      watched.set(stamp, watchLife(segment.pipes, rowOfStamp(stamp), stamp >> 8, onDeath))
    } catch (error) {
      // Its pipe is removed when it has ended.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    }
    if (!own.isAlive(stamp)) onDeath()
  }

  return {
    /** From now on, these. */
    set(stamps: readonly number[]): void {
      for (const [stamp, end] of watched) {
        if (stamps.includes(stamp)) continue
        end()
        watched.delete(stamp)
      }
      for (const stamp of stamps) if (stamp !== own.stamp && !watched.has(stamp)) start(stamp)
    },
    end(): void {
      for (const end of watched.values()) end()
      watched.clear()
    },
  }
}
