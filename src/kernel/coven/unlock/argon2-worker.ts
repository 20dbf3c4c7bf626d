// A thread that makes one key of one passphrase, and leaves nothing of either in its memory.
import { randomInt } from 'node:crypto'
import { workerData } from 'node:worker_threads'
import createSodium from 'libsodium-sumo'
import { KEY_BYTES } from '#kernel/seal'
import { type Argon2Work, SALT_BYTES } from './argon2.ts'

/** crypto_pwhash_ALG_ARGON2ID13 */
const ARGON2ID = 2

const { room, memoryKiB, passes } = workerData as Argon2Work
const bytes = new Uint8Array(room)
const passphrase = bytes.subarray(KEY_BYTES + SALT_BYTES)

const sodium = await createSodium({ getRandomValue: () => randomInt(2 ** 32) })
sodium._sodium_init()
const keyAt = sodium._malloc(KEY_BYTES)
const saltAt = sodium._malloc(SALT_BYTES)
const passphraseAt = sodium._malloc(Math.max(1, passphrase.length))
sodium.HEAPU8.set(bytes.subarray(KEY_BYTES, KEY_BYTES + SALT_BYTES), saltAt)
sodium.HEAPU8.set(passphrase, passphraseAt)
// Lengths and passes have 64 bits: the lower half first.
const status = sodium._crypto_pwhash(
  ...[keyAt, KEY_BYTES, 0],
  ...[passphraseAt, passphrase.length, 0],
  ...[saltAt, passes, 0, memoryKiB * 1_024, ARGON2ID],
)
// The memory has grown, and is another array since.
bytes.set(sodium.HEAPU8.subarray(keyAt, keyAt + KEY_BYTES))
sodium.HEAPU8.fill(0)
process.exitCode = status === 0 ? 0 : 1
