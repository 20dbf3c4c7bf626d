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
const SLOT_HEADER_BYTES = 160
const RING_HEADER_BYTES = 192
/** Where in a ring the cursors begin. */
export const CURSORS_BYTE = RING_HEADER_BYTES
export const CURSOR_BYTES = 64
/** Groups of consumers that a ring keeps a place for. */
const GROUPS_MAX = 8
const GROUP_BYTES = 256
/** What one member did in one ring: 11 counters of 64 bits and a histogram. */
export const STATISTICS_WORDS = 128
const TOPIC_ENTRY_BYTES = 192
const MEMBERS_MAX = 32

/** What may be chosen when a bus is made; everything else follows from it. */
export interface Geometry {
  readonly membersMax: number
  /** What may wait for one member. */
  readonly inboxBytes: number
  /** For all topics together, the one that carries events among them. */
  readonly topicsBytes: number
  readonly slotsMax: number
  readonly valueBytesMax: number
}

/** Where each part of the segment begins, in bytes. */
export interface Layout extends Geometry {
  readonly members: number
  readonly memberBytes: number
  readonly slots: number
  readonly slotBytes: number
  readonly valuesInSlot: number
  readonly inboxes: number
  /** With its ring header. */
  readonly inboxStride: number
  readonly topics: number
  readonly topicEntryBytes: number
  readonly topicArena: number
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
function groupsBytes(consumersMax: number): number {
  return CURSORS_BYTE + cursorsOf(consumersMax) * CURSOR_BYTES
}

/** A member may consume a topic in more than one way at a time. An inbox has one consumer. */
export function cursorsOf(consumersMax: number): number {
  return consumersMax > 1 ? 2 * consumersMax : 1
}

export function layOut(geometry: Geometry): Layout {
  const { membersMax, inboxBytes, topicsBytes, slotsMax, valueBytesMax } = geometry
  const slotBytes = align(SLOT_HEADER_BYTES + 2 * align(valueBytesMax, 16), 64)
  const inboxStride = align(ringHeaderBytes(1) + inboxBytes, 64)
  const members = HEADER_BYTES
  const slots = members + membersMax * MEMBER_BYTES
  const topics = slots + slotsMax * slotBytes
  const topicArena = align(topics + TOPICS_MAX * TOPIC_ENTRY_BYTES, 4_096)
  const inboxes = align(topicArena + topicsBytes, 4_096)
  return {
    ...geometry,
    members,
    memberBytes: MEMBER_BYTES,
    slots,
    slotBytes,
    valuesInSlot: SLOT_HEADER_BYTES,
    topics,
    topicEntryBytes: TOPIC_ENTRY_BYTES,
    topicArena,
    inboxes,
    inboxStride,
    sizeBytes: align(inboxes + membersMax * inboxStride, 4_096),
  }
}

/**
 * Divides `sizeBytes` up: a twelfth for topics, a twenty-fourth for the store, the rest for the inboxes of as many
 * members as fit. Throws BAD_INPUT where not even two fit.
 */
export function chooseGeometry(sizeBytes: number, chosen: Partial<Geometry> = {}): Geometry {
  const { valueBytesMax = 1_024, inboxBytes = RECORD_BYTES_MAX + 2 ** 18 } = chosen
  const topicsBytes = chosen.topicsBytes ?? align(sizeBytes / 12, 4_096)
  const slotsMax = chosen.slotsMax ?? Math.floor(sizeBytes / 24 / (SLOT_HEADER_BYTES + 2 * valueBytesMax))
  const fixed = {
    inboxBytes: align(inboxBytes, 64),
    topicsBytes: align(topicsBytes, 64),
    slotsMax,
    valueBytesMax,
  }
  const withNobody = layOut({ ...fixed, membersMax: 0 })
  const memberBytes = withNobody.inboxStride + MEMBER_BYTES
  const fitting = Math.floor((sizeBytes - withNobody.sizeBytes - 2 * 4_096) / memberBytes)
  const membersMax = chosen.membersMax ?? Math.min(MEMBERS_MAX, fitting)
  if (membersMax < 2 || membersMax > fitting) {
    throw new RunaError(
      'BAD_INPUT',
      `A bus of ${sizeBytes} bytes has room for ${Math.max(0, fitting)} members.`,
    )
  }
  return { ...fixed, membersMax }
}
