import { createMailbox, type Mailbox } from './envelopes/mailbox.ts'
import { createKeeping, type Keeping } from './persistence/keeping.ts'
import type { Recovered } from './persistence/recover-store.ts'
import { takeUp } from './persistence/take-up.ts'
import { createLooks, type Looks, recordOptions } from './recording/looks.ts'
import { createWitness, RECORD_TOPIC } from './recording/witness.ts'
import { witnessChannel } from './recording/witness-channel.ts'
import { createBells, openBell, openLife } from './seat/bell.ts'
import { createMemberTable, type Member, type MemberState, monotonicMs } from './seat/members.ts'
import { createOwnerLocks } from './seat/owner-lock.ts'
import { createPump, ringIfAsleep } from './seat/pump.ts'
import { createWatcher } from './seat/watcher.ts'
import type { Wiring } from './seat/wiring.ts'
import { checkFlag, checkOptions, checkPath, refuseUnless } from './segment/arguments.ts'
import { createSegment, destroySegment } from './segment/create.ts'
import { chooseGeometry, type Geometry } from './segment/geometry.ts'
import { type BusLimits, limitsOf } from './segment/limits.ts'
import {
  type BusKeys,
  createProtection,
  describePrivacy,
  type KeyStyle,
  type Protection,
  type Seals,
} from './segment/privacy.ts'
import { closeSegment, openSegment, type Segment } from './segment/segment.ts'
import { refuseUnfitSystem } from './segment/system.ts'
import { type BusStatistics, readStatistics } from './statistics/statistics.ts'
import { createStore, type Store } from './store/store.ts'
import { checkInterval } from './store/sweep.ts'
import type { UpkeepOptions } from './store/upkeep.ts'
import { createLossAnnouncer } from './topics/announce.ts'
import { type Channel, createChannel } from './topics/channel.ts'
import { sealChannel } from './topics/sealed-channel.ts'
import { placeTopic, type TopicOptions } from './topics/topic.ts'

export interface BusOptions extends Partial<Geometry> {
  /** Of the file, in a folder of its own: on a file system in memory, unless the bus is to last. */
  readonly path: string
  readonly sizeBytes?: number
  /**
   * Its keys and values outlive the machine's power, in a file on a disk. Each value then carries a check of 32 bits, and
   * whatever stands at the path already is left alone.
   */
  readonly persistent?: boolean
  /** Also in place of a bus that is to last. Then `persistent` has to be said. */
  readonly replace?: boolean
  /** Default: nothing. */
  readonly seals?: Seals
  /** Default: plain. */
  readonly keys?: KeyStyle
  /** 32 random bytes, for a bus that seals everything or hides its keys. */
  readonly secret?: Uint8Array
}

/** Who attaches, and what it was given. */
export interface SeatOptions extends BusKeys, UpkeepOptions {
  readonly name: string
}

const SIZE_BYTES = 48 * 2 ** 20

/** One process's seat on the bus. */
export interface Bus extends Mailbox, Looks, Keeping {
  readonly path: string
  readonly seals: Seals
  /** What it was made with, and what fits on it. */
  readonly limits: BusLimits
  readonly name: string
  /** Where to send to reach this very process. */
  readonly address: string
  /** Keys and values that every member sees. */
  readonly store: Store
  /**
   * Messages of bytes that any number of members publish and consume. Made by whoever names it first. Throws BUS_FULL,
   * and BUS_KEY_MISSING where it carries words that this process has no key for.
   */
  topic(name: string, options?: TopicOptions): Channel
  /** Everybody alive, with what each has done. */
  members(): Member[]
  /** While it is `ready`, messages to its name reach this member. */
  setState(state: Exclude<MemberState, 'vacant'>): void
  /** Says that this process is well, and how many calls it runs. */
  beat(running: number): void
  /** Says that this process has answered a call, and how long it took. */
  took(durationMs: number): void
  /** What everybody has done so far, in each topic and inbox, and how long it took. */
  statistics(): BusStatistics
  /** How long the living member of that name or address has not done so; undefined where there is none. */
  silentMs(to: string): number | undefined
  /**
   * Calls `onLost` once the member that now has this name or address is dead, and what it had sent is heard: in a
   * microtask where nobody has it. Returns a function that ends the watching.
   */
  watch(to: string, onLost: () => void): () => void
  /** Leaves the bus: whoever waits for this member learns at once. The memory itself stays mapped. */
  close(): void
}

/**
 * Makes a bus, in place of an older one of that path, whose members stay with each other. Throws BUS_NO_SPACE where there is not enough room, BUS_EXISTS where
 * something else has that path, or a bus that is to last, BUS_FORBIDDEN or BUS_PLACE_UNFIT for a folder that is no place for
 * one, SYSTEM_UNFIT, and BAD_INPUT where the size is too small to be of use, or a secret is missing.
 */
export function createBus(options: BusOptions): void {
  refuseUnfitSystem()
  checkOptions(options)
  checkPath(options.path)
  checkFlag('persistent', options.persistent)
  checkFlag('replace', options.replace)
  const { path, sizeBytes = SIZE_BYTES, seals, keys, secret, persistent, replace, ...geometry } = options
  const privacy = describePrivacy(seals, keys, secret)
  createSegment(path, chooseGeometry(sizeBytes, geometry), privacy, { persistent, replace })
}

/**
 * Removes the file of a bus, where there is one. Members that are still attached keep their memory and each other, and get no
 * new members. Throws BUS_EXISTS, and removes nothing, where something else has that path.
 */
export function destroyBus(path: string): void {
  checkPath(path)
  destroySegment(path)
}

/**
 * Takes a seat on the bus. Throws NOT_RUNNING, BUS_CORRUPT, BUS_VERSION, BUS_FORBIDDEN, BUS_PLACE_UNFIT, SYSTEM_UNFIT,
 * BUS_KEY_MISSING or BUS_KEY_WRONG where the bus has a secret, BUS_FULL when every seat is taken by a living member, or
 * BAD_INPUT for a path or a name that is none.
 */
export function attachBus(path: string, options: SeatOptions): Bus {
  refuseUnfitSystem()
  checkPath(path)
  checkOptions(options)
  checkInterval(options.sweepEveryMs)
  const segment = openSegment(path)
  try {
    const protection = createProtection(path, segment.privacy, options)
    const takenUp = takeUp(segment)
    try {
      const bus = takeSeat({ segment, protection, recovered: takenUp?.recovered }, options)
      takenUp?.done()
      return bus
    } catch (error) {
      takenUp?.abandon()
      throw error
    }
  } catch (error) {
    closeSegment(segment)
    throw error
  }
}

interface Entrance {
  readonly segment: Segment
  readonly protection: Protection
  /** By this very member, before it took its seat. */
  readonly recovered: Recovered | undefined
}

function takeSeat({ segment, protection, recovered }: Entrance, options: SeatOptions): Bus {
  const [path, name] = [segment.path, options.name]
  const table = createMemberTable(segment)
  const own = table.claim(name)
  const locks = createOwnerLocks(segment.words, own)
  const bells = createBells(segment.pipes)
  const endLife = openLife(segment.pipes, own.row, own.stamp >> 8)
  const pump = createPump(segment, own.row, () => own.count('sleeps', 1))
  const closeBell = openBell(segment, own.row, pump.wake)
  const wakeRow = (row: number) => (row === own.row ? pump.wake() : ringIfAsleep(segment, row, bells.ring))
  const wakeEverybody = () => {
    for (let row = 0; row < segment.layout.membersMax; row += 1) wakeRow(row)
  }
  const write = (record: Uint8Array) => openTopic(RECORD_TOPIC, recordOptions(segment.layout)).publish(record)
  const witness = createWitness({ words: segment.words, owner: own, name, write })
  const wiring = { segment, own, locks, pump, protection, witness, wakeRow, wakeEverybody }
  const { topic, openTopic, closeTopics } = createTopics(wiring)
  const { catchUp, closeMailbox, ...mailbox } = createMailbox(wiring, table, topic)
  const { endLooks, ...looks } = createLooks(wiring, openTopic)
  const { store, parts, closeStore } = createStore({ ...wiring, openTopic }, options)
  const watcher = createWatcher(segment, table, catchUp)
  own.set('attachedAt', Date.now())
  own.setState('attached')
  let closed = false

  return {
    ...mailbox,
    path,
    seals: protection.seals,
    limits: limitsOf(segment),
    name,
    address: own.address,
    store,
    ...createKeeping(parts, recovered),
    topic: openTopic,
    ...looks,
    members: table.list,
    setState(state) {
      if (!closed) own.setState(whileSeated(state))
    },
    beat(running) {
      // From then on the row may be another member's.
      if (closed) return
      own.setRunning(running)
      own.set('heartbeatAt', monotonicMs())
    },
    took(durationMs) {
      if (!closed) own.tookMicros(checkDuration(durationMs) * 1_000)
    },
    statistics: () => readStatistics(segment, table, store.figures()),
    silentMs: table.silentMs,
    watch: watcher.watch,
    close() {
      if (closed) return
      closed = true
      pump.stop()
      endLooks()
      closeStore()
      closeTopics()
      closeMailbox()
      closeBell()
      watcher.close()
      bells.close()
      locks.retire()
      own.setState('vacant')
      endLife()
      closeSegment(segment)
    },
  }
}

function whileSeated(state: MemberState): MemberState {
  refuseUnless(state !== 'vacant', 'A member that leaves closes its seat.')
  return state
}

function checkDuration(durationMs: number): number {
  refuseUnless(durationMs >= 0, 'A call takes 0 ms or more.')
  return durationMs
}

function createTopics(wiring: Wiring) {
  const { segment, locks, protection, witness } = wiring
  const channels = new Map<string, Channel>()
  const announce = createLossAnnouncer(wiring, openTopic)

  function topic(name: string, options: TopicOptions = {}): Channel {
    const known = channels.get(name)
    if (known) return known
    const channel = createChannel(wiring, placeTopic(segment, locks, name, options), name, announce)
    channels.set(name, channel)
    return channel
  }

  function openTopic(name: string, options: TopicOptions = {}): Channel {
    const isSealed = protection.sealFor(options.words) !== undefined
    const witnessed = witnessChannel(topic(name, options), witness, name, isSealed)
    return sealChannel(witnessed, wiring, name, options)
  }

  return {
    /** As its bytes lie in memory. */
    topic,
    openTopic,
    closeTopics(): void {
      for (const channel of channels.values()) channel.close()
    },
  }
}
