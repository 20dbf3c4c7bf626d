import { lockByte, unlockByte } from '#kernel/sys'
import { RunaError } from '#protocol'
import { refuseUnless } from '../segment/arguments.ts'
import { NAME_BYTES_MAX } from '../segment/geometry.ts'
import type { Segment } from '../segment/segment.ts'
import { type Histogram, observe, readHistogram } from '../statistics/histogram.ts'
import type { Ownership } from './owner-lock.ts'
import { isMemberAlive, LOCKED_BYTES, rowOfStamp, stampOf } from './stamp.ts'

// Words of a row of the process table.
export const GENERATION = 0
const PID = 1
const STATE = 2
export const SLEEPING = 3
const NAME_LENGTH = 4
const RUNNING = 5
// Its figures, in 8 bytes each, from byte 64 on. Each has one writer: the member itself.
const FIGURES_BYTE = 64
const NAME_BYTE = 256
// How long the calls took that it answered.
const CALL_TIMES_BYTE = 512
// Of a consumer that stands in no ring.
const OBSERVER_BYTE = 928

const RESOLVED_MAX = 256
/**
 * Whom one sends to is asked for its life only so often, and not at all while its death would be told: asking costs more
 * than sending, and where nothing is in the caches as much as all the rest of a call. Who dies in between is written to
 * once more, as who dies right after the asking is; who waits for an answer hears of the death.
 */
const ALIVE_MS = 1

const MEMBER_STATES = ['vacant', 'attached', 'ready', 'stopping'] as const
export type MemberState = (typeof MEMBER_STATES)[number]

const FIGURES = [
  'attachedAt',
  'heartbeatAt',
  'sentMessages',
  'sentBytes',
  'receivedMessages',
  'receivedBytes',
  'lost',
  'expired',
  'refused',
  'strayed',
  'damaged',
  'sleeps',
  'unreadable',
  'repeated',
] as const
type Figure = (typeof FIGURES)[number]
const FIGURE_INDEX = Object.fromEntries(FIGURES.map((figure, index) => [figure, index])) as Readonly<
  Record<Figure, number>
>

/**
 * What a member did since it attached. `attachedAt` is in milliseconds since 1970; `heartbeatAt` in those of the
 * monotonic clock, 0 for never. Messages that were dropped: `lost` were written over before they were read, `expired`
 * past their time to live, `strayed` meant for somebody else, `damaged` no envelopes, or changed since they were
 * sealed, `unreadable` sealed with a key that the member lacks, `repeated` calls that it has had before. `refused` ones
 * never left.
 */
export type MemberFigures = Readonly<Record<Figure, number>>

export interface Member {
  /** Where to send to reach this very process: `name@row.generation`. */
  readonly address: string
  readonly name: string
  readonly pid: number
  /** Messages to its name reach it only while it is `ready`. */
  readonly state: MemberState
  /** Calls that it was running at its last heartbeat. */
  readonly running: number
  /** Since its last heartbeat; undefined before the first. */
  readonly silentMs: number | undefined
  readonly figures: MemberFigures
}

/** The row of this process in the table, which only it writes. */
export interface OwnRow extends Ownership {
  readonly row: number
  readonly address: string
  setState(state: MemberState): void
  count(figure: Figure, by: number): void
  set(figure: Figure, value: number): void
  setRunning(calls: number): void
  /** A call has been answered. */
  tookMicros(micros: number): void
}

export interface MemberTable {
  /** Takes a free row and its lock. Throws BUS_FULL where every row has a living member. */
  claim(name: string): OwnRow
  /** Everybody alive. */
  list(): Member[]
  /**
   * Whom a message to this name or address goes to: the stamp of a living member, 0 for nobody. By name, new calls
   * reach it only while it is ready; what belongs to a running call reaches it also while it stops.
   */
  resolve(to: string, running?: 'running'): number
  isAlive(stamp: number): boolean
  /** Those whose deaths the event loop tells of: until then they live, without being asked. */
  readonly watched: Set<number>
  /** How long the living member of that name or address has not given a heartbeat; undefined where there is none. */
  silentMs(to: string): number | undefined
  /** How long the calls took that the member in that row answered. */
  callTimes(row: number): Histogram
}

/** One clock for all processes of the machine, which no change of the time of day disturbs. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6
}

export function rowWord({ layout }: Segment, row: number): number {
  return (layout.members + row * layout.memberBytes) >> 2
}

const READY: readonly MemberState[] = ['ready']
const SERVING: readonly MemberState[] = ['ready', 'stopping']
const ADDRESSED: readonly MemberState[] = ['attached', 'ready', 'stopping']

export function createMemberTable(segment: Segment): MemberTable {
  const rows = readRows(segment)
  const resolved = new Map<string, number>()
  const aliveUntilMs = new Map<number, number>()
  const watched = new Set<number>()
  let own: OwnRow | undefined

  const isAlive = (stamp: number) => own?.stamp === stamp || isMemberAlive(segment, stamp)

  function isAliveOfLate(stamp: number): boolean {
    if (watched.has(stamp)) return true
    const nowMs = performance.now()
    if ((aliveUntilMs.get(stamp) ?? 0) > nowMs) return true
    const alive = isAlive(stamp)
    if (aliveUntilMs.size >= RESOLVED_MAX) aliveUntilMs.clear()
    if (alive) aliveUntilMs.set(stamp, nowMs + ALIVE_MS)
    return alive
  }

  function livingRows(): number[] {
    const all = Array.from({ length: segment.layout.membersMax }, (_, row) => row)
    return all.filter((row) => rows.state(row) !== 'vacant' && isAlive(rows.stamp(row)))
  }

  function find(to: string, states: readonly MemberState[]): number {
    const byAddress = stampOfAddress(to)
    if (byAddress !== 0) return isReachable(byAddress, ADDRESSED) ? byAddress : 0
    const row = livingRows().find(
      (candidate) => states.includes(rows.state(candidate)) && rows.name(candidate) === to,
    )
    return row === undefined ? 0 : rows.stamp(row)
  }

  function isReachable(stamp: number, states: readonly MemberState[]): boolean {
    const row = rowOfStamp(stamp)
    if (row >= segment.layout.membersMax || rows.stamp(row) !== stamp) return false
    return states.includes(rows.state(row)) && isAliveOfLate(stamp)
  }

  function resolve(to: string, running?: 'running'): number {
    const states = to.includes('@') ? ADDRESSED : running ? SERVING : READY
    const known = resolved.get(to)
    if (known !== undefined && isReachable(known, states)) return known
    const stamp = find(to, states)
    // One entry for each name or address that was ever talked to; callers come and go.
    if (resolved.size >= RESOLVED_MAX) resolved.clear()
    if (stamp === 0) resolved.delete(to)
    else resolved.set(to, stamp)
    return stamp
  }

  return {
    claim(name) {
      own = claimRow(segment, name)
      return own
    },
    list: () => livingRows().map(rows.describe),
    resolve,
    isAlive,
    watched,
    silentMs(to) {
      const known = resolve(to)
      // Who waits for a service to come back must not find the one whose death the loop has yet to tell of.
      if (known !== 0 && !isAlive(known)) for (const alive of [watched, aliveUntilMs]) alive.delete(known)
      const stamp = resolve(to)
      return stamp === 0 ? undefined : rows.silentMs(rowOfStamp(stamp))
    },
    callTimes: (row) => readHistogram(segment.words, callTimesWord(segment, row)),
  }
}

/** What the rows say, whoever wrote it. */
function readRows(segment: Segment) {
  const { words, layout, bytes, floats } = segment
  const startOf = (row: number) => layout.members + row * layout.memberBytes
  const figure = (row: number, index: number) => floats[((startOf(row) + FIGURES_BYTE) >> 3) + index] ?? 0
  const stamp = (row: number) => stampOf(row, Atomics.load(words, rowWord(segment, row) + GENERATION))
  const state = (row: number) => MEMBER_STATES[Atomics.load(words, rowWord(segment, row) + STATE)] ?? 'vacant'

  function name(row: number): string {
    const start = startOf(row) + NAME_BYTE
    const length = words[rowWord(segment, row) + NAME_LENGTH] ?? 0
    return bytes.toString('utf8', start, start + Math.min(NAME_BYTES_MAX, length))
  }

  function silentMs(row: number): number | undefined {
    const heartbeatAt = figure(row, FIGURE_INDEX.heartbeatAt)
    return heartbeatAt === 0 ? undefined : Math.max(0, monotonicMs() - heartbeatAt)
  }

  function describe(row: number): Member {
    const figures = Object.fromEntries(FIGURES.map((key, index) => [key, figure(row, index)]))
    return {
      address: addressOf(name(row), stamp(row)),
      name: name(row),
      pid: words[rowWord(segment, row) + PID] ?? 0,
      state: state(row),
      running: words[rowWord(segment, row) + RUNNING] ?? 0,
      silentMs: silentMs(row),
      figures: figures as Record<Figure, number>,
    }
  }

  return { stamp, state, name, silentMs, describe }
}

function callTimesWord(segment: Segment, row: number): number {
  return rowWord(segment, row) + CALL_TIMES_BYTE / 4
}

/** Where an observer of that row keeps its position: 16 words, which nobody else looks at. */
export function observerWord(segment: Segment, row: number): number {
  return rowWord(segment, row) + OBSERVER_BYTE / 4
}

/** The life that an address names; 0 where it is none. */
export function stampOfAddress(address: string): number {
  const [, row, generation] = /@(\d+)\.(\d+)$/.exec(address) ?? []
  return row === undefined ? 0 : stampOf(Number(row), Number(generation))
}

function addressOf(name: string, stamp: number): string {
  return `${name}@${rowOfStamp(stamp)}.${stamp >> 8}`
}

function claimRow(segment: Segment, name: string): OwnRow {
  const nameBytes = Buffer.from(typeof name === 'string' ? name : '')
  if (nameBytes.length === 0 || nameBytes.length > NAME_BYTES_MAX || /[@*]/.test(name)) {
    throw new RunaError('BAD_INPUT', `A member's name has 1 to ${NAME_BYTES_MAX} bytes, without @ and *.`)
  }
  const { layout, fd } = segment
  for (let row = 0; row < layout.membersMax; row += 1) {
    if (lockByte(fd, LOCKED_BYTES + row)) return becomeOwner(segment, row, name, nameBytes)
  }
  throw new RunaError('BUS_FULL', `The bus has ${layout.membersMax} members, and room for no more.`)
}

/** Only for the holder of the row's lock. */
function becomeOwner(segment: Segment, row: number, name: string, nameBytes: Uint8Array): OwnRow {
  const { layout, words, floats, bytes, fd } = segment
  const word = rowWord(segment, row)
  // Nothing that the last holder of the row left may look like this one's.
  Atomics.store(words, word + STATE, 0)
  words.fill(0, word + SLEEPING, word + layout.memberBytes / 4)
  words[word + PID] = process.pid
  words[word + NAME_LENGTH] = nameBytes.length
  bytes.set(nameBytes, word * 4 + NAME_BYTE)
  const stamp = stampOf(row, Atomics.load(words, word + GENERATION) + 1)
  // From here on the last holder is known to be dead, and this one to live.
  Atomics.store(words, word + GENERATION, stamp >> 8)
  const first = (word * 4 + FIGURES_BYTE) >> 3
  const indexOf = (figure: Figure) => first + FIGURE_INDEX[figure]
  return {
    row,
    stamp,
    address: addressOf(name, stamp),
    isAlive: (other) => other === stamp || isMemberAlive(segment, other),
    setState(state) {
      refuseUnless(MEMBER_STATES.includes(state), `A member is ${MEMBER_STATES.join(', ')}; not ${state}.`)
      Atomics.store(words, word + STATE, MEMBER_STATES.indexOf(state))
      if (state === 'vacant') unlockByte(fd, LOCKED_BYTES + row)
    },
    count(figure, by) {
      const index = indexOf(figure)
      floats[index] = (floats[index] ?? 0) + by
    },
    set(figure, value) {
      floats[indexOf(figure)] = value
    },
    setRunning(calls) {
      refuseUnless(Number.isSafeInteger(calls) && calls >= 0, 'Calls are counted from 0 on.')
      words[word + RUNNING] = calls
    },
    tookMicros: (micros) => observe(words, callTimesWord(segment, row), micros),
  }
}
