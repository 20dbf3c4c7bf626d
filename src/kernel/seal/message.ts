import { createCipheriv, randomBytes } from 'node:crypto'
import { RunaError } from '#protocol'
import { checkKey, decrypt, NONCE_BYTES, TAG_BYTES } from './gcm.ts'
import { deriveKey } from './keys.ts'

const SALT_BYTES = 16
const COUNT_BYTES = 4
const HEAD_BYTES = SALT_BYTES + COUNT_BYTES
/** What a seal adds to a message: salt, count and tag. */
export const MESSAGE_SEAL_BYTES = HEAD_BYTES + TAG_BYTES
/** Under one salt. A fresh one costs a few microseconds. */
const SEALS_PER_SALT = 2 ** 32
/** Of other sealers, whose keys are kept at hand; with more than so many at a time, keys are derived again. */
const SALTS_MAX = 256

/** For many small messages, of any number of processes that share a key, into memory that the caller has. */
export interface MessageSeal {
  /**
   * Writes MESSAGE_SEAL_BYTES more than the content has, from `offset` on; a text as UTF-8. `context` may lie in the same
   * memory, before it.
   */
  sealInto(into: Buffer, offset: number, content: Uint8Array | string, context: Uint8Array): void
  /** Throws SEAL_BROKEN where key or context are another, or any bit was changed. The result is a copy. */
  open(sealed: Uint8Array, context: Uint8Array): Buffer
}

/**
 * AES-256-GCM. Each sealer derives a key of its own from the shared one and 128 random bits, and counts its nonces under
 * that, in memory of its own. So no nonce comes twice, whoever dies when, however long the shared key is kept, and
 * although nobody remembers what was sealed before: a life that begins anew begins with another key. That two of 2^40
 * lives draw the same salt has a chance of 2^-49.
 *
 * `sealsPerSalt` is for tests.
 */
export function createMessageSeal(key: Uint8Array, sealsPerSalt = SEALS_PER_SALT): MessageSeal {
  const shared = Buffer.from(checkKey(key))
  const opening = createDerivedKeys(shared)
  const nonce = Buffer.alloc(NONCE_BYTES)
  let count = sealsPerSalt
  let salt: Uint8Array = Buffer.alloc(0)
  let own: Uint8Array = Buffer.alloc(0)

  function advance(): void {
    count += 1
    if (count < sealsPerSalt) return
    salt = randomBytes(SALT_BYTES)
    own = derive(shared, salt)
    count = 0
  }

  return {
    sealInto(into, offset, content, context) {
      advance()
      into.set(salt, offset)
      into.writeUInt32LE(count, offset + SALT_BYTES)
      nonce.writeUInt32LE(count)
      const cipher = createCipheriv('aes-256-gcm', own, nonce)
      cipher.setAAD(context)
      const sealed = typeof content === 'string' ? cipher.update(content, 'utf8') : cipher.update(content)
      cipher.final()
      into.set(sealed, offset + HEAD_BYTES)
      into.set(cipher.getAuthTag(), offset + HEAD_BYTES + sealed.length)
    },
    open(sealed, context) {
      if (sealed.length < MESSAGE_SEAL_BYTES)
        throw new RunaError('SEAL_BROKEN', 'What is sealed is cut short.')
      const nonceOfIt = Buffer.alloc(NONCE_BYTES)
      nonceOfIt.set(sealed.subarray(SALT_BYTES, HEAD_BYTES))
      return decrypt(opening(sealed.subarray(0, SALT_BYTES)), nonceOfIt, sealed.subarray(HEAD_BYTES), context)
    },
  }
}

function derive(shared: Uint8Array, salt: Uint8Array): Buffer {
  return deriveKey(shared, 'runa messages of one sealer', salt)
}

/** Deriving costs more than opening, and messages come from few. */
function createDerivedKeys(shared: Uint8Array): (salt: Uint8Array) => Buffer {
  const known = new Map<string, Buffer>()
  return (salt) => {
    const name = Buffer.from(salt.buffer, salt.byteOffset, salt.length).toString('latin1')
    const before = known.get(name)
    if (before) return before
    const made = derive(shared, salt)
    if (known.size >= SALTS_MAX) known.clear()
    known.set(name, made)
    return made
  }
}
