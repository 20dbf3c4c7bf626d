import { RunaError } from '#protocol'
import type { Secrets } from './secrets.ts'

/**
 * Whether everything that an earlier Runa had left in clear was taken over once. Clear files that turn up after that were
 * put there by somebody, and are not to be believed. The note lies in the vault: whoever can write to files, but has no
 * key, can neither make it nor take it away. Rejects as `reveal` does.
 */
export async function wasTakenOver(secrets: Secrets, note: string): Promise<boolean> {
  try {
    await secrets.reveal(note)
    return true
  } catch (error) {
    if (error instanceof RunaError && error.code === 'SECRET_UNKNOWN') return false
    throw error
  }
}

/** `note` is a secret of the service's own, of the origin `kept`. Rejects as `keep` does. */
export async function noteTakenOver(secrets: Secrets, note: string): Promise<void> {
  await secrets.keep(note, Buffer.from('taken over'))
}
