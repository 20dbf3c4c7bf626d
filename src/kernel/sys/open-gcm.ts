import { koffiLibrary } from './libc.ts'

const EVP_CTRL_AEAD_SET_TAG = 0x11

type Native = (...values: readonly unknown[]) => unknown

interface OpenSsl {
  readonly newContext: Native
  readonly freeContext: Native
  readonly aes256Gcm: Native
  readonly init: Native
  readonly update: Native
  readonly control: Native
  readonly final: Native
}

let known: OpenSsl | 'missing' | undefined

export interface GcmParts {
  readonly key: Uint8Array
  /** 12 bytes. */
  readonly nonce: Uint8Array
  readonly ciphertext: Uint8Array
  /** 16 bytes. */
  readonly tag: Uint8Array
  readonly context: Uint8Array
}

/**
 * Opens AES-256-GCM right into `plaintext`, which is as long as the ciphertext, by the OpenSSL that Node itself is made with.
 * Node's own decipher leaves a copy of what it opened in memory that it has freed. Returns whether it was opened; where it
 * was not, the caller wipes what stands there. Undefined where this Node shows its OpenSSL to nobody.
 */
export function openGcm(parts: GcmParts, plaintext: Uint8Array): boolean | undefined {
  known ??= load()
  if (known === 'missing') return undefined
  const { newContext, freeContext, aes256Gcm, init, update, control, final } = known
  const { key, nonce, ciphertext, tag, context } = parts
  const cipher = newContext()
  const length = Buffer.alloc(4)
  try {
    return (
      init(cipher, aes256Gcm(), null, key, nonce) === 1 &&
      (context.length === 0 || update(cipher, null, length, context, context.length) === 1) &&
      (ciphertext.length === 0 || update(cipher, plaintext, length, ciphertext, ciphertext.length) === 1) &&
      control(cipher, EVP_CTRL_AEAD_SET_TAG, tag.length, Buffer.from(tag)) === 1 &&
      final(cipher, Buffer.alloc(tag.length), length) === 1
    )
  } finally {
    freeContext(cipher)
  }
}

function load(): OpenSsl | 'missing' {
  try {
    const own = koffiLibrary().load(null)
    return {
      newContext: own.func('void* EVP_CIPHER_CTX_new()'),
      freeContext: own.func('void EVP_CIPHER_CTX_free(void*)'),
      aes256Gcm: own.func('void* EVP_aes_256_gcm()'),
      init: own.func('int EVP_DecryptInit_ex(void*, void*, void*, uint8_t*, uint8_t*)'),
      update: own.func('int EVP_DecryptUpdate(void*, uint8_t*, uint8_t*, uint8_t*, int)'),
      control: own.func('int EVP_CIPHER_CTX_ctrl(void*, int, int, uint8_t*)'),
      final: own.func('int EVP_DecryptFinal_ex(void*, uint8_t*, uint8_t*)'),
    }
  } catch {
    return 'missing'
  }
}
