import { createBus } from '#kernel/splinter'
import { join } from 'node:path'
import { type Row, rateRow } from '../row.ts'
import { type Choice, caseName, contendersOf, figuresOf, inTurns, matchUp, SIZES } from './compare.ts'
import type { Place } from './contender.ts'
import { SEALED_BUS } from './typed-ways.ts'
import { type Hand, hire } from './crew.ts'
import { nowMs } from './clock.ts'

const OURS = ['handle', 'string']
const PEERS = ['Map', 'lmdb', 'lmdb, batched', 'Redis', 'Redis, pipelined']
const SLICE_MS = 120
/** Until both processes have heard that it begins. */
const START_MS = 8
const BUS_BYTES = 128 * 2 ** 20
const STORE_BYTES = 32 * 2 ** 20
const HEAP_OPERATIONS = 200_000
const ALLOCATION = 'get, 1 KiB, 1 process, bytes allocated by string'

const APART = 'while it writes to private memory'

type Base = Omit<Place, 'sizeBytes' | 'index'>

/** One process sets and gets by turns; of two at once, one sets what the other gets. */
export async function benchStores(base: Base, missing: readonly string[], isWanted: Choice): Promise<Row[]> {
  const peers = PEERS.filter((peer) => !missing.some((name) => peer.startsWith(name)))
  const rows: Row[] = []
  for (const sizeBytes of SIZES) {
    for (const processes of [1, 2]) {
      const operations = (['set', 'get'] as const).map((operation) => {
        const nameOf = (way: string) => caseName(operation, sizeBytes, processes, `by ${way}`)
        return { operation, matches: matchUp(OURS, peers, nameOf, isWanted) }
      })
      const contenders = contendersOf(operations.flatMap(({ matches }) => matches))
      const figures = await measureStores({ ...base, sizeBytes, index: 0 }, contenders, processes)
      for (const { operation, matches } of operations) {
        for (const { name, way, peer } of matches) {
          const both = figuresOf(figures, { way, peer }, operation)
          if (both) rows.push(rateRow(name, both[0], peer, both[1]))
        }
      }
    }
  }
  return rows
}

async function measureStores(place: Place, contenders: readonly string[], processes: number) {
  makeBuses(place)
  const crews = new Map<string, Hand[]>()
  try {
    for (const contender of contenders) {
      const hands = Array.from({ length: processes }, hire)
      crews.set(contender, hands)
      for (const [index, hand] of hands.entries()) {
        await hand.ask('openStore', { contender, place: { ...place, index } })
      }
    }
    return await inTurns(contenders, async (contender) => {
      const [first, second] = crews.get(contender) as [Hand, Hand?]
      const startAt = nowMs() + START_MS
      if (second) {
        const set = second.ask('rate', { what: 'set', forMs: SLICE_MS, startAt })
        return { get: await first.ask('rate', { what: 'get', forMs: SLICE_MS, startAt }), set: await set }
      }
      const set = await first.ask('rate', { what: 'set', forMs: SLICE_MS / 2, startAt })
      return { set, get: await first.ask('rate', { what: 'get', forMs: SLICE_MS / 2, startAt: nowMs() }) }
    })
  } finally {
    for (const hand of [...crews.values()].flat()) await hand.end()
  }
}

/** The one in clear, and the one on which everything is sealed. */
export function makeBuses({ folder, secret }: Pick<Place, 'folder' | 'secret'>): void {
  createBus({ path: join(folder, 'bus'), sizeBytes: BUS_BYTES, storeBytes: STORE_BYTES })
  const sealing = { seals: 'everything', secret: Buffer.from(secret, 'hex') } as const
  createBus({ path: join(folder, SEALED_BUS), sizeBytes: BUS_BYTES / 4, ...sealing })
}

/** What a writer on other keys costs a reader: beside it in the same store, and on memory of its own. */
export async function benchNeighbours(base: Base, isWanted: Choice): Promise<Row[]> {
  const rows: Row[] = []
  for (const sizeBytes of SIZES) {
    const place = { ...base, sizeBytes, index: 0 }
    const name = caseName('get', sizeBytes, 2, 'while another process sets other keys')
    if (!isWanted(name, APART)) continue
    makeBuses(place)
    const [reader, beside, apart] = [hire(), hire(), hire()]
    try {
      await reader.ask('openStore', { contender: 'handle', place })
      await beside.ask('openStore', { contender: 'handle', place: { ...place, index: 1, ownKeys: 'other' } })
      await apart.ask('openStore', { contender: 'Map', place })
      const figures = await inTurns(['beside', 'apart'], async (which) => {
        const order = { forMs: SLICE_MS, startAt: nowMs() + START_MS }
        const written = (which === 'beside' ? beside : apart).ask('rate', { what: 'set', ...order })
        const get = await reader.ask('rate', { what: 'get', ...order })
        await written
        return { get }
      })
      const both = figuresOf(figures, { way: 'beside', peer: 'apart' }, 'get')
      if (both) rows.push(rateRow(name, both[0], APART, both[1]))
    } finally {
      for (const hand of [reader, beside, apart]) await hand.end()
    }
  }
  return rows
}

/** What a get by string key leaves for the garbage collector. */
export async function benchAllocation(base: Base, isWanted: Choice): Promise<Row[]> {
  if (!isWanted(ALLOCATION, 'Map')) return []
  const place = { ...base, sizeBytes: 1_024, index: 0 }
  makeBuses(place)
  const [ours, theirs] = [hire(), hire()]
  try {
    await ours.ask('openStore', { contender: 'string', place })
    await theirs.ask('openStore', { contender: 'Map', place })
    const order = { times: HEAP_OPERATIONS }
    const [left, right] = [await ours.ask('heap', order), await theirs.ask('heap', order)]
    const round = (bytes: number) => Number(bytes.toFixed(3))
    return [
      {
        case: ALLOCATION,
        ours: round(left),
        peer: 'Map',
        theirs: round(right),
        unit: 'bytes/operation',
        ratio: 1,
      },
    ]
  } finally {
    await ours.end()
    await theirs.end()
  }
}
