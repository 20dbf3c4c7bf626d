import { createRequire } from 'node:module'
import { join } from 'node:path'
import { attachBus, type KeyHandle } from '#kernel/splinter'
import { KEYS_COUNT, keysOf, type Place, refuseIncomplete, type StoreContender, valueOf } from './contender.ts'

const MASK = KEYS_COUNT - 1
/** Redis's own advice for a pipeline. */
const PIPELINE = 100

export const STORES: Readonly<Record<string, (place: Place) => StoreContender | Promise<StoreContender>>> = {
  handle: openHandles,
  string: openStrings,
  Map: openMap,
  lmdb: (place) => openLmdb(place, false),
  'lmdb, batched': (place) => openLmdb(place, true),
  Redis: (place) => openRedis(place, 1),
  'Redis, pipelined': (place) => openRedis(place, PIPELINE),
}

function openHandles(place: Place): StoreContender {
  const bus = attachBus(join(place.folder, 'bus'), { name: `bench-${place.index}` })
  const value = valueOf(place)
  const into = valueOf(place)
  const handles = keysOf(place).map((key): KeyHandle => bus.store.handle(key))
  for (const handle of handles) handle.set(value)
  return {
    set(times) {
      for (let count = 0; count < times; count += 1) (handles[count & MASK] as KeyHandle).set(value)
    },
    get(times) {
      for (let count = 0; count < times; count += 1) {
        const length = (handles[count & MASK] as KeyHandle).getInto(into)
        if (length !== into.length) refuseIncomplete(length, place)
      }
    },
    close: () => bus.close(),
  }
}

function openStrings(place: Place): StoreContender {
  const bus = attachBus(join(place.folder, 'bus'), { name: `bench-${place.index}` })
  const { store } = bus
  const value = valueOf(place)
  const into = valueOf(place)
  const keys = keysOf(place)
  for (const key of keys) store.set(key, value)
  return {
    set(times) {
      for (let count = 0; count < times; count += 1) store.set(keys[count & MASK] as string, value)
    },
    get(times) {
      for (let count = 0; count < times; count += 1) {
        const length = store.getInto(keys[count & MASK] as string, into)
        if (length !== into.length) refuseIncomplete(length, place)
      }
    },
    close: () => bus.close(),
  }
}

/** The limit: no other process sees it, and nothing has to survive. */
function openMap(place: Place): StoreContender {
  const value = valueOf(place)
  const into = valueOf(place)
  const keys = keysOf(place)
  const map = new Map(keys.map((key) => [key, Buffer.from(value)]))
  return {
    set(times) {
      for (let count = 0; count < times; count += 1) map.get(keys[count & MASK] as string)?.set(value)
    },
    get(times) {
      for (let count = 0; count < times; count += 1) into.set(map.get(keys[count & MASK] as string) as Buffer)
    },
    close() {},
  }
}

/** As much of lmdb as is used here, so that types need no peer to be installed. */
interface Lmdb {
  putSync(key: string, value: Uint8Array): void
  put(key: string, value: Uint8Array): Promise<boolean>
  getBinaryFast(key: string): Uint8Array | undefined
  close(): Promise<void>
}

function openLmdb(place: Place, batched: boolean): StoreContender {
  const { open } = createRequire(place.peers)('lmdb') as { open(options: object): Lmdb }
  // Nothing of it has to reach a disk: neither does anything of ours.
  const store = open({ path: join(place.folder, 'lmdb'), encoding: 'binary', noSync: true })
  const value = valueOf(place)
  const into = valueOf(place)
  const keys = keysOf(place)
  for (const key of keys) store.putSync(key, value)
  function setOneByOne(times: number): void {
    for (let count = 0; count < times; count += 1) store.putSync(keys[count & MASK] as string, value)
  }
  async function setBatched(times: number): Promise<void> {
    let last: Promise<boolean> | undefined
    for (let count = 0; count < times; count += 1) last = store.put(keys[count & MASK] as string, value)
    await last
  }
  return {
    set: batched ? setBatched : setOneByOne,
    get(times) {
      for (let count = 0; count < times; count += 1) {
        const found = store.getBinaryFast(keys[count & MASK] as string)
        // What it gives is longer than its `length` says.
        if (found?.length !== into.length) refuseIncomplete(found?.length, place)
        else into.set(found.subarray(0, into.length))
      }
    },
    close: () => store.close(),
  }
}

/** As much of redis as is used here. */
interface Redis {
  connect(): Promise<unknown>
  set(key: string, value: Buffer): Promise<unknown>
  get(key: string): Promise<Buffer | null>
  withTypeMapping(mapping: object): Redis
  close(): Promise<void> | void
}
interface RedisModule {
  createClient(options: object): Redis
  readonly RESP_TYPES: { readonly BLOB_STRING: number }
}

async function openRedis(place: Place, together: number): Promise<StoreContender> {
  const { createClient, RESP_TYPES } = createRequire(place.peers)('redis') as RedisModule
  const client = createClient({ socket: { path: join(place.folder, 'redis.sock') } })
  await client.connect()
  const binary = client.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer })
  const value = valueOf(place)
  const into = valueOf(place)
  const keys = keysOf(place)
  for (const key of keys) await client.set(key, value)
  async function inTurns(times: number, work: (key: string) => Promise<void>): Promise<void> {
    for (let count = 0; count < times; count += together) {
      const batch = Array.from({ length: Math.min(together, times - count) }, (_, index) =>
        work(keys[(count + index) & MASK] as string),
      )
      await Promise.all(batch)
    }
  }
  return {
    set: (times) =>
      inTurns(times, async (key) => {
        await client.set(key, value)
      }),
    get: (times) =>
      inTurns(times, async (key) => {
        const found = await binary.get(key)
        refuseIncomplete(found?.length, place)
        into.set(found ?? [])
      }),
    close: () => client.close(),
  }
}
