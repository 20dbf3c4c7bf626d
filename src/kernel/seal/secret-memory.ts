import { type MemoryGuard, mapGuardedMemory } from '#kernel/sys'

// Where keys and values rest for longer than one call. Node's own Buffers may be swapped, dumped, and copied by a fork.

/** The first is small: an account that may lock only 64 KiB, as was usual before 2021, has room for it. */
const FIRST_REGION_BYTES = 32 * 1_024
const REGION_BYTES = 256 * 1_024
/** 16 MiB: as much as a vault holds. */
const REGIONS_MAX = 64
const GRANULE_BYTES = 64

interface Region {
  readonly bytes: Uint8Array
  readonly guard: MemoryGuard
  /** One byte a granule: whether it is taken. */
  readonly taken: Uint8Array
}

interface Room {
  readonly region: Region
  readonly from: number
  readonly to: number
}

const regions: Region[] = []
/** Undefined as a value: it was given back, and may be somebody else's by now. */
const rooms = new WeakMap<Uint8Array, Room | undefined>()
let unguarded = 0

/** What guards secrets here: the weakest of what was needed so far. */
export interface SecretMemory {
  readonly guard: MemoryGuard
  readonly sizeBytes: number
  readonly usedBytes: number
  /** Secrets that were put into ordinary memory, since there was no room left, or none to be had. */
  readonly unguarded: number
}

export function secretMemory(): SecretMemory {
  if (regions.length === 0) openRegion()
  const guards = regions.map(({ guard }) => guard)
  const guard = (['open', 'locked'] as const).find((one) => guards.includes(one)) ?? 'secret'
  const sizeBytes = regions.reduce((sum, { bytes }) => sum + bytes.length, 0)
  const granules = regions.reduce((sum, { taken }) => sum + taken.reduce((count, one) => count + one, 0), 0)
  const usedBytes = granules * GRANULE_BYTES
  return { guard: regions.length === 0 ? 'open' : guard, sizeBytes, usedBytes, unguarded }
}

/** Zeros in memory that is never swapped nor dumped, as far as this system can; `wipe` gives the room back. */
export function secretRoom(sizeBytes: number): Buffer {
  const count = Math.max(1, Math.ceil(sizeBytes / GRANULE_BYTES))
  for (const region of regionsAndMore(sizeBytes)) {
    const from = findRoom(region.taken, count)
    if (from < 0) continue
    region.taken.fill(1, from, from + count)
    const { buffer, byteOffset } = region.bytes
    const room = Buffer.from(buffer, byteOffset + from * GRANULE_BYTES, sizeBytes)
    rooms.set(room, { region, from, to: from + count })
    return room
  }
  unguarded += 1
  return Buffer.alloc(sizeBytes)
}

/** A copy for as long as it is needed. The caller wipes both. */
export function keepSecret(bytes: Uint8Array): Buffer {
  const room = secretRoom(bytes.length)
  room.set(bytes)
  return room
}

/** The same, and wipes what it was made from. */
export function moveSecret(bytes: Uint8Array): Buffer {
  const room = keepSecret(bytes)
  wipe(bytes)
  return room
}

/**
 * Overwrites what is no longer needed, and gives its room back: from then on nobody may look into it. What was copied
 * elsewhere, by anybody, stays.
 */
export function wipe(...secrets: readonly Uint8Array[]): void {
  for (const secret of secrets) {
    const isRoom = rooms.has(secret)
    const room = rooms.get(secret)
    if (isRoom && room === undefined) continue
    secret.fill(0)
    if (room === undefined) continue
    room.region.taken.fill(0, room.from, room.to)
    rooms.set(secret, undefined)
  }
}

/** Those there are, and then new ones: the first may be too small. */
function* regionsAndMore(sizeBytes: number): Generator<Region> {
  yield* regions
  if (sizeBytes > REGION_BYTES) return
  for (let region = openRegion(); region; region = openRegion()) yield region
}

function openRegion(): Region | undefined {
  if (regions.length >= REGIONS_MAX) return undefined
  try {
    const sizeBytes = regions.length === 0 ? FIRST_REGION_BYTES : REGION_BYTES
    const region = { ...mapGuardedMemory(sizeBytes), taken: new Uint8Array(sizeBytes / GRANULE_BYTES) }
    regions.push(region)
    return region
  } catch {
    return undefined
  }
}

/** The first stretch of `count` granules that are free; -1 where there is none. */
function findRoom(taken: Uint8Array, count: number): number {
  let length = 0
  for (let at = taken.indexOf(0); at >= 0 && at < taken.length; at += 1) {
    length = taken[at] === 0 ? length + 1 : 0
    if (length === count) return at - count + 1
  }
  return -1
}
