import { RunaError } from '#protocol'

/** Announced in the file. It grows when a process of the old version would misread the new layout. */
export const LAYOUT_VERSION = 3

export const NAME_BYTES_MAX = 96
export const KEY_BYTES_MAX = 96
export const TOPICS_MAX = 32
/** One record: an envelope whose payload is at most a mebibyte, and room for what stands around it. */
export const RECORD_BYTES_MAX = 2 ** 20 + 4_096

const HEADER_BYTES = 4_096
const MEMBER_BYTES = 1_024
const STORE_HEAD_BYTES = 512
/** Its words, its key, and nothing of its neighbours on the lines that a core fetches together. */
export const SLOT_BYTES = 256
export const BLOCK_BYTES_MIN = 64
const RING_HEADER_BYTES = 192
/** Where in a ring the cursors begin. */
export const CURSORS_BYTE = RING_HEADER_BYTES
export const CURSOR_BYTES = 64
/** Groups of consumers that a ring keeps a place for. */
export const GROUPS_MAX = 8
export const GROUP_BYTES = 256
/** What one member did in one ring: 10 counters of 64 bits and a histogram. */
export const STATISTICS_WORDS = 128
const TOPIC_ENTRY_BYTES = 192
const MEMBERS_MAX = 32
/** Of one member, at a time. A prefix or a label watches any number of keys. */
export const WATCHES_MAX = 32
export const WATCH_HEADER_BYTES = 64
export const WATCH_BYTES = 128
export const SEGMENT_BYTES_MAX = 4 * 2 ** 30
const SLOTS_MIN = 16
export const SLOTS_MAX = 2 ** 22

/** What may be chosen when a bus is made; everything else follows from it. */
export interface Geometry {
  readonly membersMax: number
  /** What may wait for one member. */
  readonly inboxBytes: number
  /** For all topics together, the one that carries events among them. */
  readonly topicsBytes: number
  /** Keys. */
  readonly slotsMax: number
  /** For the values of all keys, twice: a value that is written over stands beside the new one. */
  readonly storeBytes: number
  readonly valueBytesMax: number
  /** What the store does when no more fits: says so, or lets go of the weakest of the keys that decay. */
  readonly whenFull: WhenFull
}

export const WHEN_FULL = ['refuse', 'evict'] as const
type WhenFull = (typeof WHEN_FULL)[number]

/** Where each part of the segment begins, in bytes. */
export interface Layout extends Geometry {
  readonly members: number
  readonly memberBytes: number
  readonly storeHead: number
  /** Two tables, one after the other. */
  readonly index: number
  /** Of one table: a power of two. */
  readonly indexEntries: number
  readonly slots: number
  readonly watches: number
  /** What one member watches, and what has changed for it. */
  readonly watchBytes: number
  readonly inboxes: number
  /** With its ring header. */
  readonly inboxStride: number
  readonly topics: number
  readonly topicEntryBytes: number
  readonly topicArena: number
  readonly arenaTree: number
  /** A power of two; the tree has two bytes for each. */
  readonly arenaLeaves: number
  /** Last, since it may be large. */
  readonly arena: number
  readonly sizeBytes: number
}

export function align(bytes: number, to: number): number {
  return Math.ceil(bytes / to) * to
}

/** A ring keeps a lock, its state twice, and for each consumer a cursor and a row of statistics before its records. */
export function ringHeaderBytes(consumersMax: number): number {
  return statisticsBytes(consumersMax) + consumersMax * STATISTICS_WORDS * 4
}

/** Where in a ring the rows of statistics begin. */
export function statisticsBytes(consumersMax: number): number {
  return groupsBytes(consumersMax) + (consumersMax > 1 ? GROUPS_MAX : 0) * GROUP_BYTES
}

/** Where in a ring the groups begin. */
export function groupsBytes(consumersMax: number): number {
  return CURSORS_BYTE + cursorsOf(consumersMax) * CURSOR_BYTES
}

/** A member may consume a topic in more than one way at a time. An inbox has one consumer. */
export function cursorsOf(consumersMax: number): number {
  return consumersMax > 1 ? 2 * consumersMax : 1
}

export function layOut(geometry: Geometry): Layout {
  const { membersMax, inboxBytes, topicsBytes, slotsMax, storeBytes } = geometry
  const inboxStride = align(ringHeaderBytes(1) + inboxBytes, 64)
  const members = HEADER_BYTES
  const storeHead = members + membersMax * MEMBER_BYTES
  const index = storeHead + STORE_HEAD_BYTES
  const indexEntries = powerOfTwo(2 * slotsMax)
  const slots = align(index + 2 * indexEntries * 4, SLOT_BYTES)
  const watches = slots + slotsMax * SLOT_BYTES
  const watchBytes = watchRowBytes(slotsMax)
  const topics = watches + membersMax * watchBytes
  const topicArena = align(topics + TOPICS_MAX * TOPIC_ENTRY_BYTES, 4_096)
  const inboxes = align(topicArena + topicsBytes, 4_096)
  const arenaTree = align(inboxes + membersMax * inboxStride, 4_096)
  const arenaLeaves = powerOfTwo(storeBytes / BLOCK_BYTES_MIN)
  const arena = align(arenaTree + 2 * arenaLeaves, 4_096)
  return {
    ...geometry,
    members,
    memberBytes: MEMBER_BYTES,
    storeHead,
    index,
    indexEntries,
    slots,
    watches,
    watchBytes,
    topics,
    topicEntryBytes: TOPIC_ENTRY_BYTES,
    topicArena,
    inboxes,
    inboxStride,
    arenaTree,
    arenaLeaves,
    arena,
    sizeBytes: align(arena + storeBytes, 4_096),
  }
}

/** Views of more memory end the process; and all but the values lie where a signed word reaches. */
export function isAddressable({ arena, sizeBytes }: Layout): boolean {
  return arena <= SEGMENT_BYTES_MAX / 2 && sizeBytes <= SEGMENT_BYTES_MAX
}

/** What a member watches: a header, its watches, and a bit for each slot, which makes a multiple of 64 bytes. */
function watchRowBytes(slotsMax: number): number {
  return WATCH_HEADER_BYTES + WATCHES_MAX * WATCH_BYTES + Math.ceil(slotsMax / 512) * 64
}

/** The least that is at least so large. */
function powerOfTwo(least: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(1, least)))
}

/**
 * Divides `sizeBytes` up: a twelfth for topics, a twenty-fourth for the values of the store, the rest for the inboxes of
 * as many members as fit. Throws BAD_INPUT where not even two fit.
 */
export function chooseGeometry(sizeBytes: number, chosen: Partial<Geometry> = {}): Geometry {
  const { inboxBytes = RECORD_BYTES_MAX + 2 ** 18 } = chosen
  const topicsBytes = chosen.topicsBytes ?? align(sizeBytes / 12, 4_096)
  const fixed = {
    inboxBytes: align(inboxBytes, 64),
    topicsBytes: align(topicsBytes, 64),
    ...chooseStore(sizeBytes, chosen),
  }
  const withNobody = layOut({ ...fixed, membersMax: 0 })
  const memberBytes = withNobody.inboxStride + MEMBER_BYTES + withNobody.watchBytes
  const fitting = Math.floor((sizeBytes - withNobody.sizeBytes - 2 * 4_096) / memberBytes)
  const membersMax = chosen.membersMax ?? Math.min(MEMBERS_MAX, fitting)
  if (membersMax < 2 || membersMax > fitting) {
    throw new RunaError(
      'BAD_INPUT',
      `A bus of ${sizeBytes} bytes has no room for ${Math.max(2, membersMax)} members: ${Math.max(0, fitting)} fit, of ${memberBytes} bytes each.`,
    )
  }
  return { ...fixed, membersMax }
}

/** By default a key for each KiB, and values of up to a quarter of the room for them. */
function chooseStore(sizeBytes: number, chosen: Partial<Geometry>) {
  const storeBytes = align(chosen.storeBytes ?? sizeBytes / 24, BLOCK_BYTES_MIN)
  const {
    slotsMax = Math.min(SLOTS_MAX, Math.max(SLOTS_MIN, Math.floor(storeBytes / 1_024))),
    valueBytesMax = powerOfTwo(storeBytes / 8 + 1),
    whenFull = 'refuse',
  } = chosen
  if (!(slotsMax >= 1 && slotsMax <= SLOTS_MAX)) {
    throw new RunaError('BAD_INPUT', `A store has 1 to ${SLOTS_MAX} keys, not ${slotsMax}.`)
  }
  if (!(valueBytesMax >= 1 && 2 * valueBytesMax <= storeBytes)) {
    throw new RunaError(
      'BAD_INPUT',
      `A store of ${storeBytes} bytes keeps values of up to ${storeBytes / 2}, not ${valueBytesMax}.`,
    )
  }
  return { slotsMax, storeBytes, valueBytesMax, whenFull }
}
