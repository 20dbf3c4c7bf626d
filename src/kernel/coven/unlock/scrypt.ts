import { scrypt } from 'node:crypto'
import { KEY_BYTES, moveSecret } from '#kernel/seal'
import { RunaError } from '#protocol'

/** N of scrypt (RFC 7914), a power of two: with r = 8 and p = 1 it takes 128 r N bytes, 128 MiB for 2^17. */
export type ScryptCost = number

/** Rejects with SYSTEM_CALL_FAILED where there is no memory for it. */
export function deriveByScrypt(passphrase: Buffer, salt: Buffer, n: ScryptCost, r: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(passphrase, salt, KEY_BYTES, { N: n, r, p: 1, maxmem: 256 * r * n }, (cause, key) => {
      if (cause)
        reject(new RunaError('SYSTEM_CALL_FAILED', 'There is no memory for the passphrase.', { cause }))
      else resolve(moveSecret(key))
    })
  })
}
