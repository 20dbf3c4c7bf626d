import { RunaError } from '#protocol'
import { KEY_BYTES_MAX } from '../segment/geometry.ts'
import { KEY_STYLES, PROOF_BYTES, type Privacy, SEALS } from '../segment/privacy.ts'
import { VALUE_TYPES, type ValueType } from '../store/store-words.ts'

// A snapshot: magic, version, privacy, proof; a record for each key; an end that says how many there were; and the
// SHA-256 of all that. Numbers are little-endian.

const MAGIC = Buffer.from('RUNASNAP')
const SNAPSHOT_VERSION = 1
/** magic (8), version (4), seals (1), keys (1), 2 spare, proof (16), made at (8) */
export const HEAD_BYTES = 40
/** mark (4), bytes of the key (2), type (1), whether there is a value (1), bytes of the value (4), ordered (4), writes (4), 4 spare, 6 × 8 */
export const RECORD_BYTES = 72
/** mark (4), 4 spare, records (8) */
export const END_BYTES = 16
export const DIGEST_BYTES = 32

const RECORD_MARK = 0x2059_454b
const END_MARK = 0x2044_4e45
const NUMBERS_AT = 40

export interface SnapshotHead {
  /** Milliseconds since 1970. */
  readonly madeAt: number
  readonly privacy: Privacy
}

/** What a key has besides its value, as slots keep it. Times are milliseconds since 1970; 0 for none. */
export interface KeyState {
  readonly type: ValueType
  /** 0n where the type is another. */
  readonly integer: bigint
  readonly labels: bigint
  /** The highest ordered number under this key. */
  readonly orders: number
  readonly writes: number
  readonly expiresAt: number
  readonly touchedAt: number
  readonly halfLifeMs: number
  readonly threshold: number
}

/** One key, as it stands in memory: hashed and sealed where the bus does so. */
export interface SnapshotRecord extends KeyState {
  readonly key: Uint8Array
  /** Undefined for a key that never had one, and for one that counts. */
  readonly value: Uint8Array | undefined
}

const NUMBERS = ['expiresAt', 'touchedAt', 'halfLifeMs', 'threshold'] as const

export function encodeHead({ madeAt, privacy }: SnapshotHead): Buffer {
  const head = Buffer.alloc(HEAD_BYTES)
  head.set(MAGIC)
  head.writeUInt32LE(SNAPSHOT_VERSION, 8)
  head[12] = SEALS.indexOf(privacy.seals)
  head[13] = KEY_STYLES.indexOf(privacy.keys)
  head.set(privacy.proof.subarray(0, PROOF_BYTES), 16)
  head.writeDoubleLE(madeAt, 32)
  return head
}

/** Everything of a record but the value, which comes right after it. */
export function encodeRecord(record: SnapshotRecord): Buffer {
  const head = Buffer.alloc(RECORD_BYTES + record.key.length)
  head.writeUInt32LE(RECORD_MARK)
  head.writeUInt16LE(record.key.length, 4)
  head[6] = VALUE_TYPES.indexOf(record.type)
  head[7] = record.value ? 1 : 0
  head.writeUInt32LE(record.value?.length ?? 0, 8)
  head.writeUInt32LE(record.orders, 12)
  head.writeUInt32LE(record.writes >>> 0, 16)
  head.writeBigInt64LE(record.integer, 24)
  head.writeBigUInt64LE(BigInt.asUintN(64, record.labels), 32)
  NUMBERS.forEach((name, index) => {
    head.writeDoubleLE(record[name], NUMBERS_AT + index * 8)
  })
  head.set(record.key, RECORD_BYTES)
  return head
}

export function encodeEnd(records: number): Buffer {
  const end = Buffer.alloc(END_BYTES)
  end.writeUInt32LE(END_MARK)
  end.writeDoubleLE(records, 8)
  return end
}

export function isSnapshot(head: Uint8Array): boolean {
  return MAGIC.equals(head.subarray(0, MAGIC.length))
}

/** Throws SNAPSHOT_BROKEN or SNAPSHOT_VERSION. */
export function decodeHead(head: Buffer): SnapshotHead {
  if (!isSnapshot(head)) throw new RunaError('SNAPSHOT_BROKEN', 'This is no snapshot of a bus.')
  if (head.length < HEAD_BYTES) throw broken('it is cut short')
  const version = head.readUInt32LE(8)
  if (version !== SNAPSHOT_VERSION) {
    throw new RunaError(
      'SNAPSHOT_VERSION',
      `The snapshot has format ${version}; this Runa knows ${SNAPSHOT_VERSION}.`,
    )
  }
  const [seals, keys] = [SEALS[head[12] ?? -1], KEY_STYLES[head[13] ?? -1]]
  if (!seals || !keys) throw broken('what it says of its privacy makes no sense')
  const proof = Uint8Array.from(head.subarray(16, 16 + PROOF_BYTES))
  return { madeAt: head.readDoubleLE(32), privacy: { seals, keys, proof } }
}

/** What a record says of itself: how much key and value follow, and the state of the key. */
export interface RecordHead {
  readonly keyBytes: number
  /** Undefined where there is none. */
  readonly valueBytes: number | undefined
  readonly state: KeyState
}

/** Undefined at the end, after `records` of them. Throws SNAPSHOT_BROKEN. */
export function decodeRecordHead(head: Buffer, records: number): RecordHead | undefined {
  if (head.length < END_BYTES) throw broken('it is cut short')
  if (head.readUInt32LE() === END_MARK) {
    if (head.readDoubleLE(8) === records) return undefined
    throw broken(`it has ${records} keys, and says that there are ${head.readDoubleLE(8)}`)
  }
  if (head.readUInt32LE() !== RECORD_MARK) throw broken('something else stands where a key should begin')
  if (head.length < RECORD_BYTES) throw broken('it is cut short')
  const keyBytes = head.readUInt16LE(4)
  const valueBytes = head[7] === 1 ? head.readUInt32LE(8) : undefined
  if (keyBytes === 0 || keyBytes > KEY_BYTES_MAX) throw broken(`a key has ${keyBytes} bytes`)
  return { keyBytes, valueBytes, state: decodeState(head, valueBytes) }
}

function decodeState(head: Buffer, valueBytes: number | undefined): KeyState {
  const type = VALUE_TYPES[head[6] ?? -1]
  if (!type) throw broken('the type of a key is unknown')
  if (type === 'integer' && valueBytes !== undefined) throw broken('a number has bytes as well')
  const [expiresAt = 0, touchedAt = 0, halfLifeMs = 0, threshold = 0] = NUMBERS.map((_, index) =>
    head.readDoubleLE(NUMBERS_AT + index * 8),
  )
  const lifetime = { expiresAt, touchedAt, halfLifeMs, threshold }
  if (Object.values(lifetime).some((value) => !(value >= 0 && Number.isFinite(value)))) {
    throw broken('the lifetime of a key is no number')
  }
  return {
    type,
    integer: head.readBigInt64LE(24),
    labels: head.readBigUInt64LE(32),
    orders: head.readUInt32LE(12),
    writes: head.readUInt32LE(16),
    ...lifetime,
  }
}

function broken(why: string): RunaError {
  return new RunaError('SNAPSHOT_BROKEN', `The snapshot is damaged: ${why}.`)
}
