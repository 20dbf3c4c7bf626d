import { lockByte, unlockByte } from '#kernel/sys'
import { RunaError } from '#protocol'
import { NAME_BYTES_MAX } from './geometry.ts'
import type { Ownership } from './owner-lock.ts'
import type { Segment } from './segment.ts'
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

export const MEMBER_STATES = ['vacant', 'attached', 'ready', 'stopping'] as const
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
] as const
type Figure = (typeof FIGURES)[number]

/**
 * What a member did since it attached. `attachedAt` is in milliseconds since 1970; `heartbeatAt` in those of the
 * monotonic clock, 0 for never. Messages that were dropped: `lost` were written over before they were read, `expired`
 * past their time to live, `strayed` meant for somebody else, `damaged` no envelopes. `refused` ones never left.
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
}

export interface MemberTable {
  /** Takes a free row and its lock. Throws BUS_FULL where every row has a living member. */
  claim(name: string): OwnRow
  /** Everybody alive. */
  list(): Member[]
  /** Whom a message to this name or address goes to: the stamp of a living member, 0 for nobody. */
  resolve(to: string): number
  isAlive(stamp: number): boolean
  /** How long the living member of that name or address has not given a heartbeat; undefined where there is none. */
  silentMs(to: string): number | undefined
}

/** One clock for all processes of the machine, which no change of the time of day disturbs. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6
}

export function rowWord({ layout }: Segment, row: number): number {
  return (layout.members + row * layout.memberBytes) >> 2
}

export function createMemberTable(segment: Segment): MemberTable {
  const { words, layout, bytes, floats } = segment
  const resolved = new Map<string, number>()
  let own: OwnRow | undefined

  function nameOf(row: number): string {
    const start = layout.members + row * layout.memberBytes + NAME_BYTE
    const length = words[rowWord(segment, row) + NAME_LENGTH] ?? 0
    return bytes.toString('utf8', start, start + Math.min(NAME_BYTES_MAX, length))
  }

  function stateOf(row: number): MemberState {
    return MEMBER_STATES[Atomics.load(words, rowWord(segment, row) + STATE)] ?? 'vacant'
  }

  function isAlive(stamp: number): boolean {
    return own?.stamp === stamp || isMemberAlive(segment, stamp)
  }

  function silenceOf(row: number): number | undefined {
    const first = (layout.members + row * layout.memberBytes + FIGURES_BYTE) >> 3
    const heartbeatAt = floats[first + FIGURES.indexOf('heartbeatAt')] ?? 0
    return heartbeatAt === 0 ? undefined : Math.max(0, monotonicMs() - heartbeatAt)
  }

  function currentStamp(row: number): number {
    return stampOf(row, Atomics.load(words, rowWord(segment, row) + GENERATION))
  }

  function describe(row: number): Member {
    const first = (layout.members + row * layout.memberBytes + FIGURES_BYTE) >> 3
    const figures = Object.fromEntries(FIGURES.map((name, index) => [name, floats[first + index] ?? 0]))
    const name = nameOf(row)
    return {
      address: addressOf(name, currentStamp(row)),
      name,
      pid: words[rowWord(segment, row) + PID] ?? 0,
      state: stateOf(row),
      running: words[rowWord(segment, row) + RUNNING] ?? 0,
      silentMs: silenceOf(row),
      figures: figures as Record<Figure, number>,
    }
  }

  function livingRows(): number[] {
    const rows = Array.from({ length: layout.membersMax }, (_, row) => row)
    return rows.filter((row) => stateOf(row) !== 'vacant' && isAlive(currentStamp(row)))
  }

  function find(to: string): number {
    const byAddress = /@(\d+)\.(\d+)$/.exec(to)
    if (byAddress) {
      const [, row = '', generation = ''] = byAddress
      const stamp = stampOf(Number(row), Number(generation))
      return isReachable(stamp, to) ? stamp : 0
    }
    const row = livingRows().find((candidate) => stateOf(candidate) === 'ready' && nameOf(candidate) === to)
    return row === undefined ? 0 : currentStamp(row)
  }

  function isReachable(stamp: number, to: string): boolean {
    const row = rowOfStamp(stamp)
    if (row >= layout.membersMax || currentStamp(row) !== stamp) return false
    const state = stateOf(row)
    if (state === 'vacant' || (state !== 'ready' && !to.includes('@'))) return false
    return isAlive(stamp)
  }

  function resolve(to: string): number {
    const known = resolved.get(to)
    if (known !== undefined && isReachable(known, to)) return known
    const stamp = find(to)
    if (stamp === 0) resolved.delete(to)
    // A name or address for each member that was ever talked to; callers come and go.
    else if (resolved.size < 4 * layout.membersMax) resolved.set(to, stamp)
    else resolved.clear()
    return stamp
  }

  return {
    claim(name) {
      own = claimRow(segment, name)
      return own
    },
    list: () => livingRows().map(describe),
    resolve,
    isAlive,
    silentMs(to) {
      const stamp = resolve(to)
      return stamp === 0 ? undefined : silenceOf(rowOfStamp(stamp))
    },
  }
}

export function addressOf(name: string, stamp: number): string {
  return `${name}@${rowOfStamp(stamp)}.${stamp >> 8}`
}

function claimRow(segment: Segment, name: string): OwnRow {
  const nameBytes = Buffer.from(name)
  if (name === '' || nameBytes.length > NAME_BYTES_MAX || /[@*]/.test(name)) {
    throw new RunaError('BAD_INPUT', `A member's name has 1 to ${NAME_BYTES_MAX} bytes, without @ and *.`)
  }
  const { layout, words, floats, bytes, fd } = segment
  for (let row = 0; row < layout.membersMax; row += 1) {
    if (!lockByte(fd, LOCKED_BYTES + row)) continue
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
    const indexOf = (figure: Figure) => first + FIGURES.indexOf(figure)
    return {
      row,
      stamp,
      address: addressOf(name, stamp),
      isAlive: (other) => other === stamp || isMemberAlive(segment, other),
      setState(state) {
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
        words[word + RUNNING] = calls
      },
    }
  }
  throw new RunaError('BUS_FULL', `The bus has ${layout.membersMax} members, and room for no more.`)
}
