import { createCipheriv, createDecipheriv } from 'node:crypto'
import { openGcm } from '#kernel/sys'
import { RunaError } from '#protocol'
import { moveSecret, secretRoom, wipe } from './secret-memory.ts'

export const KEY_BYTES = 32
export const NONCE_BYTES = 12
export const TAG_BYTES = 16

/** AES-256-GCM (NIST SP 800-38D): ciphertext, then tag. The caller sees to it that no nonce comes twice under a key. */
export function encrypt(
  key: Uint8Array,
  nonce: Uint8Array,
  plaintext: Uint8Array,
  context: Uint8Array,
): Buffer {
  const cipher = createCipheriv('aes-256-gcm', checkKey(key), nonce, { authTagLength: TAG_BYTES })
  cipher.setAAD(context)
  return Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()])
}

/** Throws SEAL_BROKEN, and then nothing of the content has left this function. */
export function decrypt(key: Uint8Array, nonce: Uint8Array, sealed: Uint8Array, context: Uint8Array): Buffer {
  if (sealed.length < TAG_BYTES) throw new RunaError('SEAL_BROKEN', 'What is sealed is cut short.')
  const decipher = createDecipheriv('aes-256-gcm', checkKey(key), nonce, { authTagLength: TAG_BYTES })
  decipher.setAAD(context)
  decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES))
  const plaintext = decipher.update(sealed.subarray(0, sealed.length - TAG_BYTES))
  try {
    decipher.final()
  } catch (cause) {
    plaintext.fill(0)
    throw new RunaError('SEAL_BROKEN', undefined, { cause })
  }
  return plaintext
}

/** So much is opened into a room of its own; a whole vault may be more, and is opened for a moment only. */
const ROOM_BYTES_MAX = 2 ** 17

/** As `decrypt`, into guarded memory, and without a copy of the plaintext anywhere else. */
export function decryptSecret(
  key: Uint8Array,
  nonce: Uint8Array,
  sealed: Uint8Array,
  context: Uint8Array,
): Buffer {
  const length = sealed.length - TAG_BYTES
  if (length < 0) throw new RunaError('SEAL_BROKEN', 'What is sealed is cut short.')
  const plaintext = length > ROOM_BYTES_MAX ? Buffer.alloc(length) : secretRoom(length)
  const [ciphertext, tag] = [sealed.subarray(0, length), sealed.subarray(length)]
  const isOpen = openGcm({ key: checkKey(key), nonce, ciphertext, tag, context }, plaintext)
  if (isOpen) return plaintext
  wipe(plaintext)
  if (isOpen === undefined) return moveSecret(decrypt(key, nonce, sealed, context))
  throw new RunaError('SEAL_BROKEN')
}

/** A key of another size is a fault of the program, and must never be stretched or cut in silence. */
export function checkKey(key: Uint8Array): Uint8Array {
  if (key.length !== KEY_BYTES) throw new TypeError(`A key has ${KEY_BYTES} bytes, not ${key.length}.`)
  return key
}
