import type { RingPlace } from '../../src/kernel/splinter/topics/ring-place.ts'
import { fence } from './access.ts'
import type { Scenario, Stage } from './explore.ts'
import { type Call, call, History, tell } from './history.ts'
import type { Meaning } from './linearisability.ts'
import type { Runtime, Steps } from './runtime.ts'
import { ownerOf, SMALL_LAYOUT, type StageOptions, seatOf, segmentOver, setUp } from './stage.ts'

const RING = 'kernel/splinter/topics/ring'
/** Of each record: with its header, two or three have room. */
const RECORD_BYTES = 8
const CAPACITY_BYTES = 64
const RECORDS_MAX = 2

export interface RingScript {
  readonly name: string
  readonly lossless: boolean
  /** Written before, by one that lives on, when everybody has joined. */
  readonly before?: readonly Call[]
  /** Of each participant. Whoever calls `next` has joined before. */
  readonly together: readonly (readonly Call[])[]
  /** Done after everything, by one that lives on and has joined before. */
  readonly after: readonly Call[]
}

interface RingSteps {
  write(record: Uint8Array): Steps<boolean>
  join(): Steps
}
interface ConsumerSteps {
  next(): Steps<Uint8Array | undefined>
  nextInto(into: Uint8Array): Steps<number>
  readonly lost: number
}

export async function ringScenario(script: RingScript, options: StageOptions = {}): Promise<Scenario> {
  const layout = SMALL_LAYOUT
  const replace = {
    'kernel/splinter/statistics/clock': { stampMicros: () => 7 },
    '#kernel/sys': { futexWake() {}, futexWait() {}, createSpin: () => () => false },
    ...options.replace,
  }
  const { memory, runtime, load } = await setUp([RING], layout.sizeBytes, { ...options, replace })
  const { Ring } = load(RING) as { Ring: new (...all: unknown[]) => RingSteps }
  const place: RingPlace = {
    header: layout.topicArena >> 2,
    records: layout.topicArena + 2_048,
    capacityBytes: CAPACITY_BYTES,
    consumersMax: 4,
    lossless: script.lossless,
  }
  const seat = (participant: number, stage: Stage, joins: boolean) => {
    const segment = segmentOver(memory, layout)
    const { locks, owner } = seatOf(participant, segment.words, stage)
    const ring = new Ring(segment, place, { locks, owner, onSpace: () => {} })
    const consumer = joins ? (runtime.now(ring.join()) as ConsumerSteps) : undefined
    return (each: Call) => perform(runtime, ring, consumer, each, participant)
  }
  memory.settle()
  return {
    name: script.name,
    memory,
    ownerOf,
    begin(stage) {
      const history = new History()
      const reads = (calls: readonly Call[]) => calls.some(({ name }) => name !== 'write')
      const survivorIndex = script.together.length
      const seats = [...script.together, script.after].map((calls, index) => seat(index, stage, reads(calls)))
      const consumers = [...script.together, script.after].flatMap((calls, index) =>
        reads(calls) ? [index] : [],
      )
      const past = seat(7, stage, false)
      for (const each of script.before ?? []) history.make(each, (made) => runtime.now(past(made)))
      const marked = (calls: readonly Call[], by: number) =>
        calls.map((each) => call(each.name, ...each.operands, by))
      return {
        participants: script.together.map((calls, index) =>
          history.script(marked(calls, index), seats[index] as (each: Call) => Steps),
        ),
        digest: () => history.digest(),
        check() {
          for (const each of marked(script.after, survivorIndex)) {
            history.make(each, (made) => runtime.now((seats[survivorIndex] as (each: Call) => Steps)(made)))
          }
          return history.judge(ringMeaning(script.lossless, consumers))
        },
      }
    },
  }
}

/** A consumer's result is the record, and how many it has lost so far. */
function* perform(
  runtime: Runtime,
  ring: RingSteps,
  consumer: ConsumerSteps | undefined,
  { name, operands }: Call,
  participant: number,
): Steps<string> {
  if (name === 'write') return tell(yield* ring.write(operands[0] as Uint8Array))
  if (!consumer) throw new Error(`participant ${participant} has not joined`)
  if (name === 'next') {
    const record = yield* consumer.next()
    if (record === undefined) return `nothing ${consumer.lost}`
    const copy = (yield* runtime.bulk(new Uint8Array(record.length), 'set', [record])) as number
    const into = new Uint8Array(copy)
    yield* runtime.bulk(into, 'set', [record])
    return `${tell(into)} ${consumer.lost}`
  }
  const into = new Uint8Array(RECORD_BYTES)
  const length = yield* consumer.nextInto(into)
  return length < 0 ? `nothing ${consumer.lost}` : `${tell(into.subarray(0, length))} ${consumer.lost}`
}

interface RingState {
  readonly log: string[]
  /** By consumer: what it has read or lost, and what of it is lost. */
  readonly read: Record<string, number>
  readonly lost: Record<string, number>
}

/** A log with a place in it for each consumer. */
function ringMeaning(lossless: boolean, consumers: readonly number[]): Meaning<Call, string> {
  const none = Object.fromEntries(consumers.map((by) => [by, 0]))
  return {
    initial: JSON.stringify({ log: [], read: none, lost: none } satisfies RingState),
    apply(text, { name, operands }, result) {
      const state = JSON.parse(text) as RingState
      const { log, read, lost } = state
      if (name === 'write') {
        const unread = Math.max(0, ...Object.values(read).map((place) => log.length - place))
        // A consumer tells how far it has read in steps, so the ring may seem full a little longer.
        if (result === 'false') return lossless && unread >= RECORDS_MAX - 1 ? text : undefined
        log.push(tell(operands[0]))
        return result === undefined || result === 'true' ? JSON.stringify(state) : undefined
      }
      const by = String(operands[0])
      if (result === undefined) return text
      const [record = '', lostText = ''] = result.split(' ')
      const newlyLost = Number(lostText) - (lost[by] ?? 0)
      if (newlyLost < 0 || (lossless && newlyLost > 0)) return undefined
      lost[by] = Number(lostText)
      read[by] = (read[by] ?? 0) + newlyLost
      if (record === 'nothing') return read[by] === log.length ? JSON.stringify(state) : undefined
      if (log[read[by] ?? 0] !== record) return undefined
      read[by] = (read[by] ?? 0) + 1
      return JSON.stringify(state)
    },
  }
}

const FENCE = 'kernel/splinter/segment/fence'
export const WITH_FENCE = {
  [FENCE]: {
    isOrderedByItself: false,
    *fence(): Steps<void> {
      yield fence()
    },
  },
}
export const WITHOUT_FENCE = { [FENCE]: { isOrderedByItself: false, fence() {} } }
