import { type Row, rateRow } from '../row.ts'
import { type Choice, caseName, contendersOf, figuresOf, inTurns, matchUp, SIZES } from './compare.ts'
import type { Place } from './contender.ts'
import { nowMs } from './clock.ts'
import { type Hand, hire } from './crew.ts'
import { makeBuses } from './store-cases.ts'

const OURS = ['topic', 'topic, waiting thread', 'topic, in batches', 'envelope', 'typed stream', 'typed stream, sealed']
const PEERS = ['zeromq', 'NATS', 'Redis', 'MessagePort', 'child_process']
/** How long a measurement is meant to take, and the tries before it that say how many messages that are. */
const SLICE_MS = 150
const TRY_MESSAGES = 2_000
/** Until both processes have heard that it begins. */
const START_MS = 5
const ROUND_TRIPS = 300
/** Before the first that are measured: a service has long compiled what it sends by. */
const WARM_TRIPS = 3_000
const IDLE_ROUND_TRIPS = 15
const IDLE_MS = 20
const OURS_ECHO = ['waiting thread', 'event loop', 'typed call', 'typed call, sealed']
const PEERS_ECHO = ['raw futex', 'zeromq', 'NATS', 'Redis', 'MessagePort', 'child_process']

type Base = Omit<Place, 'sizeBytes' | 'index'>

/** One process sends what another hears; only what was heard counts. */
export async function benchMessages(base: Base, missing: readonly string[], isWanted: Choice): Promise<Row[]> {
  const peers = PEERS.filter((peer) => !missing.includes(peer))
  const rows: Row[] = []
  for (const sizeBytes of SIZES) {
    const matches = matchUp(OURS, peers, (way) => caseName('message', sizeBytes, 2, way), isWanted)
    const place = { ...base, sizeBytes, index: 0 }
    const figures = await withCrews(place, contendersOf(matches), 'openMessages', rateOfMessages)
    for (const { name, way, peer } of matches) {
      const both = figuresOf(figures, { way, peer }, 'rate')
      if (both) rows.push(rateRow(name, both[0], peer, both[1], 'messages/s'))
    }
  }
  return rows
}

/** There and back, at once and after pauses in which both sides fell asleep: microseconds, so that less is better. */
export async function benchRoundTrips(base: Base, missing: readonly string[], isWanted: Choice): Promise<Row[]> {
  const peers = PEERS_ECHO.filter((peer) => !missing.includes(peer))
  const rows: Row[] = []
  for (const sizeBytes of SIZES) {
    const kinds = (['busy', 'idle'] as const).map((kind) => {
      const nameOf = (way: string) => caseName('pingpong', sizeBytes, 2, `${way}, ${kind}`)
      return { kind, matches: matchUp(OURS_ECHO, peers, nameOf, isWanted) }
    })
    const contenders = contendersOf(kinds.flatMap(({ matches }) => matches))
    const figures = await withCrews({ ...base, sizeBytes, index: 0 }, contenders, 'openEcho', latencies)
    for (const { kind, matches } of kinds) {
      for (const { name, way, peer } of matches) {
        const both = figuresOf(figures, { way, peer }, kind)
        if (both) rows.push(latencyRow(name, both[0], peer, both[1]))
      }
    }
  }
  return rows
}

export function latencyRow(name: string, ours: number, peer: string, theirs: number): Row {
  const round = (microseconds: number) => Number(microseconds.toFixed(1))
  const ratio = Number((theirs / ours).toFixed(2))
  return { case: name, ours: round(ours), peer, theirs: round(theirs), unit: 'µs', ratio }
}

async function withCrews<Figure extends string>(
  place: Place,
  contenders: readonly string[],
  open: 'openMessages' | 'openEcho',
  measure: (hands: readonly [Hand, Hand], known: Map<string, number>, contender: string) => Promise<Record<Figure, number>>,
) {
  makeBuses(place)
  const crews = new Map<string, readonly [Hand, Hand]>()
  const known = new Map<string, number>()
  try {
    for (const contender of contenders) {
      const hands = [hire(), hire()] as const
      crews.set(contender, hands)
      // The one that hears first: who sends may need it to be there.
      await hands[1].ask(open, { contender, place: { ...place, index: 1 } })
      await hands[0].ask(open, { contender, place })
    }
    return await inTurns(contenders, (contender) =>
      measure(crews.get(contender) as readonly [Hand, Hand], known, contender),
    )
  } finally {
    for (const hand of [...crews.values()].flat()) await hand.end()
  }
}

async function rateOfMessages([sender, receiver]: readonly [Hand, Hand], known: Map<string, number>, contender: string) {
  const times = known.get(contender) ?? (await chooseTimes(sender, receiver))
  known.set(contender, times)
  return { rate: await rateOf(sender, receiver, times) }
}

/** Compiled code is several times as fast as what a first look measures. */
async function chooseTimes(sender: Hand, receiver: Hand): Promise<number> {
  let rate = 0
  for (let tries = 0; tries < 4; tries += 1) {
    rate = await rateOf(sender, receiver, Math.max(TRY_MESSAGES, Math.round((rate * SLICE_MS) / 4_000)))
  }
  return Math.max(TRY_MESSAGES, Math.round((rate * SLICE_MS) / 1_000))
}

async function rateOf(sender: Hand, receiver: Hand, times: number): Promise<number> {
  const startAt = nowMs() + START_MS
  const received = receiver.ask('receive', { times, startAt })
  const sentMs = await sender.ask('send', { times, startAt })
  return (times * 1_000) / (Math.max(await received, sentMs) - startAt)
}

async function latencies([asker]: readonly [Hand, Hand], known: Map<string, number>, contender: string) {
  if (!known.has(contender)) known.set(contender, await asker.ask('echo', { times: WARM_TRIPS, pauseMs: 0 }))
  await asker.ask('echo', { times: ROUND_TRIPS, pauseMs: 0 })
  const busy = await asker.ask('echo', { times: ROUND_TRIPS, pauseMs: 0 })
  return { busy, idle: await asker.ask('echo', { times: IDLE_ROUND_TRIPS, pauseMs: IDLE_MS }) }
}
