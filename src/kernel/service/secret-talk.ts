import { randomBytes } from 'node:crypto'
import { deriveKey, open, seal, wipe } from '#kernel/seal'
import { type ErrorPayload, fromErrorPayload, RunaError } from '#protocol'

export type SecretOperation = 'reveal' | 'keep'

/** What a service asks gilgul, sealed with its identity: so a name on the bus is no proof of anything. */
export interface SecretRequest {
  /** 16 bytes, never used again. */
  readonly nonce: Buffer
  /** By the clock that all processes of a machine share and nobody can set, in nanoseconds. */
  readonly askedNs: bigint
  /** Of the secret. */
  readonly name: string
  /** To be kept; empty where one is to be revealed. Whoever has used it wipes it. */
  readonly value: Buffer
}

/** A secret, and for how long it may be held. */
export interface LeasedSecret {
  /** Whoever gets it wipes it. */
  readonly value: Buffer
  readonly version: number
  /** Undefined where nothing is to be held: of a one-time secret, or of one that was kept. */
  readonly lease: string | undefined
  /** Null: for as long as this process runs. */
  readonly leaseMs: number | null
}

type SecretAnswer = LeasedSecret | { readonly error: ErrorPayload }

const NONCE_BYTES = 16
const TIME_BYTES = 8
const NAME_AT = NONCE_BYTES + TIME_BYTES + 1
const [VALUE, ERROR] = [0, 1]
const LEASE_BYTES = 16
const TERMS_BYTES = LEASE_BYTES + 10
const NO_LEASE = '0'.repeat(2 * LEASE_BYTES)
const NO_END = 2 ** 48 - 1

export function createRequest(name: string, value: Uint8Array = Buffer.alloc(0)): SecretRequest {
  const askedNs = process.hrtime.bigint()
  return { nonce: randomBytes(NONCE_BYTES), askedNs, name, value: Buffer.from(value) }
}

/** Nonce, time (64 bits, little-endian), length of the name (8 bits), name, value; sealed for this one operation. */
export function sealRequest(
  identity: Buffer,
  service: string,
  operation: SecretOperation,
  { nonce, askedNs, name, value }: SecretRequest,
): Buffer {
  const time = Buffer.alloc(TIME_BYTES)
  time.writeBigUInt64LE(askedNs)
  const nameBytes = Buffer.from(name)
  const plain = Buffer.concat([nonce, time, Buffer.of(nameBytes.length), nameBytes, value])
  return withKey(identity, (key) => seal(key, plain, requestContext(service, operation)), plain)
}

/** Throws SECRET_REFUSED where it was made by another service, for another operation, or changed. */
export function openRequest(
  identity: Buffer,
  service: string,
  operation: SecretOperation,
  sealed: Buffer,
): SecretRequest {
  const plain = openOrRefuse(identity, sealed, requestContext(service, operation))
  const valueAt = NAME_AT + (plain[NAME_AT - 1] ?? 0)
  if (plain.length < valueAt) throw new RunaError('SECRET_REFUSED', 'The request is cut short.')
  const request = {
    nonce: Buffer.from(plain.subarray(0, NONCE_BYTES)),
    askedNs: plain.readBigUInt64LE(NONCE_BYTES),
    name: plain.toString('utf8', NAME_AT, valueAt),
    value: Buffer.from(plain.subarray(valueAt)),
  }
  wipe(plain)
  return request
}

/** Bound to the nonce of its request: it answers that one and no other. */
export function sealAnswer(identity: Buffer, service: string, nonce: Buffer, answer: SecretAnswer): Buffer {
  const plain =
    'value' in answer
      ? Buffer.concat([Buffer.of(VALUE), termsOf(answer), answer.value])
      : Buffer.concat([Buffer.of(ERROR), Buffer.from(JSON.stringify(answer.error))])
  return withKey(identity, (key) => seal(key, plain, answerContext(service, nonce)), plain)
}

/** The lease (16 bytes; zeros: none), how long it lasts in milliseconds (48 bits; all ones: no end), the version (32 bits). */
function termsOf({ version, lease = NO_LEASE, leaseMs }: LeasedSecret): Buffer {
  const terms = Buffer.alloc(TERMS_BYTES)
  terms.write(lease, 'hex')
  terms.writeUIntLE(leaseMs ?? NO_END, LEASE_BYTES, 6)
  terms.writeUInt32LE(version, LEASE_BYTES + 6)
  return terms
}

/** The caller wipes the value. Throws what gilgul answered with instead, SECRET_REFUSED where that was not gilgul. */
export function openAnswer(identity: Buffer, service: string, nonce: Buffer, sealed: Buffer): LeasedSecret {
  const plain = openOrRefuse(identity, sealed, answerContext(service, nonce))
  if (plain[0] === VALUE && plain.length > TERMS_BYTES) {
    const terms = plain.subarray(1)
    const [lease, leaseMs] = [terms.toString('hex', 0, LEASE_BYTES), terms.readUIntLE(LEASE_BYTES, 6)]
    return {
      value: terms.subarray(TERMS_BYTES),
      version: terms.readUInt32LE(LEASE_BYTES + 6),
      lease: lease === NO_LEASE ? undefined : lease,
      leaseMs: leaseMs === NO_END ? null : leaseMs,
    }
  }
  throw fromErrorPayload(JSON.parse(plain.toString('utf8', 1)))
}

function openOrRefuse(identity: Buffer, sealed: Buffer, context: string): Buffer {
  try {
    return withKey(identity, (key) => open(key, sealed, context))
  } catch (cause) {
    throw new RunaError('SECRET_REFUSED', undefined, { cause })
  }
}

function withKey(identity: Buffer, use: (key: Buffer) => Buffer, spent = Buffer.alloc(0)): Buffer {
  const key = deriveKey(identity, 'runa secrets')
  try {
    return use(key)
  } finally {
    wipe(key, spent)
  }
}

function requestContext(service: string, operation: SecretOperation): string {
  return `runa secrets ${operation} ${service}`
}

function answerContext(service: string, nonce: Buffer): string {
  return `runa secrets answer ${service} ${nonce.toString('hex')}`
}
