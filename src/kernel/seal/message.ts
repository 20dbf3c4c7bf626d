import { createCipheriv, randomFillSync } from 'node:crypto'
import { RunaError } from '#protocol'
import { checkKey, decrypt, NONCE_BYTES, TAG_BYTES } from './gcm.ts'

/** What a seal adds to a message: nonce and tag. */
export const MESSAGE_SEAL_BYTES = NONCE_BYTES + TAG_BYTES
/** Of one process under one key (NIST SP 800-38D, 8.3). */
const SEALS_PER_KEY_MAX = 2 ** 32

/** For many small messages, of any number of processes that share a key, into memory that the caller has. */
export interface MessageSeal {
  /**
   * Writes MESSAGE_SEAL_BYTES more than the content has, from `offset` on; a text as UTF-8. `context` may lie in the same
   * memory, before it. Throws SEAL_BROKEN once this process has used the key up.
   */
  sealInto(into: Buffer, offset: number, content: Uint8Array | string, context: Uint8Array): void
  /** Throws SEAL_BROKEN where key or context are another, or any bit was changed. The result is a copy. */
  open(sealed: Uint8Array, context: Uint8Array): Buffer
}

/**
 * AES-256-GCM under random nonces of 96 bits. Random, not counted: those who share the key could only agree on a count
 * over memory that others can write, and one nonce that comes twice gives the key of the tags away. With all that 32
 * processes may seal, the chance that this happens is 2^-23; with a thousand messages a second for a year, 2^-27.
 */
export function createMessageSeal(key: Uint8Array): MessageSeal {
  const own = Buffer.from(checkKey(key))
  let count = 0
  return {
    sealInto(into, offset, content, context) {
      if (count >= SEALS_PER_KEY_MAX)
        throw new RunaError('SEAL_BROKEN', 'The key of these messages is used up.')
      count += 1
      const contentAt = drawNonce(into, offset)
      const cipher = createCipheriv('aes-256-gcm', own, into.subarray(offset, contentAt))
      cipher.setAAD(context)
      const sealed = typeof content === 'string' ? cipher.update(content, 'utf8') : cipher.update(content)
      cipher.final()
      into.set(sealed, contentAt)
      into.set(cipher.getAuthTag(), contentAt + sealed.length)
    },
    open: (sealed, context) => {
      if (sealed.length < MESSAGE_SEAL_BYTES)
        throw new RunaError('SEAL_BROKEN', 'What is sealed is cut short.')
      return decrypt(own, sealed.subarray(0, NONCE_BYTES), sealed.subarray(NONCE_BYTES), context)
    },
  }
}

/** Randomness is drawn for many nonces at once: a draw costs far more than its bytes. */
const random = Buffer.alloc(4_096 - (4_096 % NONCE_BYTES))
let randomUsed = random.length

/** Returns where the nonce ends. */
function drawNonce(into: Buffer, offset: number): number {
  if (randomUsed === random.length) {
    randomFillSync(random)
    randomUsed = 0
  }
  random.copy(into, offset, randomUsed, randomUsed + NONCE_BYTES)
  randomUsed += NONCE_BYTES
  return offset + NONCE_BYTES
}
