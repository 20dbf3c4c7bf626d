import { randomBytes } from 'node:crypto'
import { RunaError } from '#protocol'
import { checkKey, decrypt, decryptSecret, encrypt, KEY_BYTES, NONCE_BYTES, TAG_BYTES } from './gcm.ts'
import { wipe } from './secret-memory.ts'

/** In front of everything that is sealed, and itself sealed in. Another number is another format. */
const VERSION = 1
/** What a seal adds to the content: version, nonce, tag. */
export const SEAL_BYTES = 1 + NONCE_BYTES + TAG_BYTES

/**
 * Seals `plaintext` for whoever has the key and knows the context: AES-256-GCM under a random nonce of 96 bits.
 * `context` says what this is and where it belongs; it is not stored. What was sealed in one context cannot be passed
 * off in another.
 *
 * At most 2^32 seals under one key (NIST SP 800-38D, 8.3): then the chance that a nonce came twice is 2^-33. Who seals
 * more takes a new key, or `createSealer`.
 */
export function seal(key: Uint8Array, plaintext: Uint8Array, context: Uint8Array | string): Buffer {
  const nonce = randomBytes(NONCE_BYTES)
  return Buffer.concat([Buffer.of(VERSION), nonce, encrypt(key, nonce, plaintext, sealedContext(context))])
}

/** Throws SEAL_BROKEN where the key or context is another, or any bit was changed. */
export function open(key: Uint8Array, sealed: Uint8Array, context: Uint8Array | string): Buffer {
  return openBy(decrypt, key, sealed, context)
}

/** The same into guarded memory, for what is a secret itself. The caller wipes it. */
export function openSecret(key: Uint8Array, sealed: Uint8Array, context: Uint8Array | string): Buffer {
  return openBy(decryptSecret, key, sealed, context)
}

function openBy(
  decryptIt: typeof decrypt,
  key: Uint8Array,
  sealed: Uint8Array,
  context: Uint8Array | string,
): Buffer {
  if (sealed.length < SEAL_BYTES || sealed[0] !== VERSION) {
    throw new RunaError('SEAL_BROKEN', 'This is not sealed, or by another version of Runa.')
  }
  const nonce = sealed.subarray(1, 1 + NONCE_BYTES)
  return decryptIt(key, nonce, sealed.subarray(1 + NONCE_BYTES), sealedContext(context))
}

/** Seals a key with another key. A word of its own in the context keeps keys and texts apart. */
export function wrapKey(wrapping: Uint8Array, key: Uint8Array, context: string): Buffer {
  return seal(wrapping, checkKey(key), `key ${context}`)
}

/** Throws SEAL_BROKEN. */
export function unwrapKey(wrapping: Uint8Array, wrapped: Uint8Array, context: string): Buffer {
  return checkUnwrapped(open(wrapping, wrapped, `key ${context}`))
}

/** The same into guarded memory. The caller wipes it. */
export function unwrapSecretKey(wrapping: Uint8Array, wrapped: Uint8Array, context: string): Buffer {
  return checkUnwrapped(openSecret(wrapping, wrapped, `key ${context}`))
}

function checkUnwrapped(opened: Buffer): Buffer {
  if (opened.length === KEY_BYTES) return opened
  wipe(opened)
  throw new RunaError('SEAL_BROKEN', 'What is wrapped is no key.')
}

function sealedContext(context: Uint8Array | string): Buffer {
  return Buffer.concat([Buffer.of(VERSION), Buffer.from(context)])
}
