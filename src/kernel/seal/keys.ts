import { createHmac, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto'
import { checkKey, KEY_BYTES } from './gcm.ts'

/** A key of 32 random bytes, in memory of its own, so that `wipe` reaches all of it. */
export function createKey(): Buffer {
  return randomBytes(KEY_BYTES)
}

/**
 * A key for one purpose, from another key: HKDF with SHA-256 (RFC 5869). Who knows it learns nothing of the key that it
 * came from, nor of its sisters. `salt` may be public.
 */
export function deriveKey(key: Uint8Array, purpose: string, salt: Uint8Array = new Uint8Array()): Buffer {
  if (purpose === '') throw new TypeError('A derived key needs a purpose.')
  return hkdf(checkKey(key), salt, Buffer.from(purpose), KEY_BYTES)
}

export function hkdf(secret: Uint8Array, salt: Uint8Array, purpose: Uint8Array, sizeBytes: number): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, salt, purpose, sizeBytes))
}

/** HMAC-SHA-256 (RFC 2104), 32 bytes. Parts are framed by their lengths: ('ab', 'c') and ('a', 'bc') differ. */
export function mac(key: Uint8Array, ...parts: readonly (Uint8Array | string)[]): Buffer {
  const framed = parts.flatMap((part) => {
    const bytes = Buffer.from(part)
    const length = Buffer.alloc(8)
    length.writeBigUInt64LE(BigInt(bytes.length))
    return [length, bytes]
  })
  return hmac(checkKey(key), Buffer.concat(framed))
}

export function hmac(key: Uint8Array, message: Uint8Array): Buffer {
  return createHmac('sha256', key).update(message).digest()
}

/** Takes as long whether the first byte differs or the last. Different lengths are no secret, and never the same. */
export function sameBytes(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && timingSafeEqual(one, other)
}
