export type Role = 'coven' | 'gilgul'

/** A pid comes again, a pid with its start time (clock ticks since boot) does not. */
export interface ProcessIdentity {
  readonly pid: number
  readonly startTicks: number
}

/** What each side says first: version and role (8 bits each), pid (32), start time (64), nonce, public key. */
export interface Hello extends ProcessIdentity {
  readonly role: Role
  readonly nonce: Buffer
  readonly publicKey: Buffer
}

const VERSION = 1
const ROLES: readonly Role[] = ['coven', 'gilgul']
const NONCE_AT = 14
const KEY_AT = NONCE_AT + 32

export const HELLO_BYTES = KEY_AT + 32

export function encodeHello({ role, pid, startTicks, nonce, publicKey }: Hello): Buffer {
  const bytes = Buffer.alloc(HELLO_BYTES)
  bytes.writeUInt8(VERSION, 0)
  bytes.writeUInt8(ROLES.indexOf(role), 1)
  bytes.writeUInt32LE(pid, 2)
  bytes.writeBigUInt64LE(BigInt(startTicks), 6)
  nonce.copy(bytes, NONCE_AT)
  publicKey.copy(bytes, KEY_AT)
  return bytes
}

/** Undefined where the bytes are no hello of this version. */
export function decodeHello(bytes: Buffer): Hello | undefined {
  const role = ROLES[bytes.length === HELLO_BYTES ? bytes.readUInt8(1) : -1]
  if (role === undefined || bytes.readUInt8(0) !== VERSION) return undefined
  return {
    role,
    pid: bytes.readUInt32LE(2),
    startTicks: Number(bytes.readBigUInt64LE(6)),
    nonce: bytes.subarray(NONCE_AT, KEY_AT),
    publicKey: bytes.subarray(KEY_AT),
  }
}
