import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { programPath } from '#kernel/home'
import { KEY_BYTES, moveSecret, wipe } from '#kernel/seal'
import { RunaError } from '#protocol'

export interface Argon2Cost {
  readonly memoryKiB: number
  readonly passes: number
}

/** What the thread gets. `room`: the key that it makes, then the salt, then the passphrase. */
export interface Argon2Work extends Argon2Cost {
  readonly room: SharedArrayBuffer
}

export const SALT_BYTES = 16

/**
 * argon2id of libsodium, as WebAssembly in a thread of its own: nothing else waits meanwhile, its memory is given back, and
 * nobody who never uses a passphrase loads it. The passphrase lies in ordinary memory for that long, and is wiped there, as
 * is everything that was made of it. Rejects with SYSTEM_CALL_FAILED where there is no memory for it.
 */
export async function deriveByArgon2(
  passphrase: Buffer,
  salt: Buffer,
  { memoryKiB, passes }: Argon2Cost,
): Promise<Buffer> {
  const room = new SharedArrayBuffer(KEY_BYTES + SALT_BYTES + passphrase.length)
  const bytes = Buffer.from(room)
  salt.copy(bytes, KEY_BYTES)
  passphrase.copy(bytes, KEY_BYTES + SALT_BYTES)
  try {
    const workerData: Argon2Work = { room, memoryKiB, passes }
    const worker = new Worker(programPath('kernel/coven/unlock/argon2-worker.js'), {
      workerData,
      execArgv: [],
    })
    const [status] = (await once(worker, 'exit')) as [number]
    if (status !== 0) throw new Error(`The thread ended with ${status}.`)
    return moveSecret(bytes.subarray(0, KEY_BYTES))
  } catch (cause) {
    throw new RunaError('SYSTEM_CALL_FAILED', 'A key cannot be made of the passphrase: there is no memory.', {
      cause,
    })
  } finally {
    wipe(bytes)
  }
}
