import { RunaError } from '#protocol'
import { checkKey, decryptSecret, encrypt, NONCE_BYTES } from './gcm.ts'
import { keepSecret, wipe } from './secret-memory.ts'

/** NIST allows more under counted nonces; a talk that reaches this agrees on new keys. */
export const SEALS_PER_KEY_MAX = 2 ** 32

export interface Sealer {
  /** Throws SEAL_BROKEN once the key is used up. */
  seal(plaintext: Uint8Array, context: Uint8Array | string): Buffer
  /** Wipes its copy of the key: nothing is sealed any more. */
  end(): void
}

export interface Opener {
  /**
   * Throws SEAL_BROKEN on what was changed, repeated, left out or sent in another order, and from then on for all that
   * follows: a talk in which that happened is over.
   */
  open(sealed: Uint8Array, context: Uint8Array | string): Buffer
  /** Wipes its copy of the key: nothing is opened any more. */
  end(): void
}

/**
 * For one direction of one talk, under a key that nothing else uses: nonces are counted, and not sent. One key, one
 * sealer, in one process; a second one would repeat the nonces of the first.
 */
export function createSealer(key: Uint8Array, firstSeal = 0): Sealer {
  const own = keepSecret(checkKey(key))
  let count = firstSeal
  return {
    seal(plaintext, context) {
      if (count >= SEALS_PER_KEY_MAX) throw new RunaError('SEAL_BROKEN', 'The key of this talk is used up.')
      const sealed = encrypt(own, nonceOf(count), plaintext, Buffer.from(context))
      count += 1
      return sealed
    },
    end() {
      wipe(own)
      count = SEALS_PER_KEY_MAX
    },
  }
}

export function createOpener(key: Uint8Array, firstSeal = 0): Opener {
  const own = keepSecret(checkKey(key))
  let count = firstSeal
  let broken = false
  return {
    open(sealed, context) {
      if (broken || count >= SEALS_PER_KEY_MAX) throw new RunaError('SEAL_BROKEN', 'This talk is over.')
      broken = true
      const plaintext = decryptSecret(own, nonceOf(count), sealed, Buffer.from(context))
      broken = false
      count += 1
      return plaintext
    },
    end() {
      wipe(own)
      broken = true
    },
  }
}

function nonceOf(count: number): Buffer {
  const nonce = Buffer.alloc(NONCE_BYTES)
  nonce.writeBigUInt64BE(BigInt(count), NONCE_BYTES - 8)
  return nonce
}
