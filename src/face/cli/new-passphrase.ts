import { sameBytes, wipe } from '#kernel/seal'
import { RunaError } from '#protocol'
import { askHidden, canAsk } from './hidden-input.ts'
import { refuseWeak } from './vault.ts'

/** Asks for a new passphrase twice. The caller wipes it. Rejects with BAD_INPUT. */
export async function askTwice(): Promise<Buffer> {
  if (!canAsk()) {
    throw new RunaError(
      'BAD_INPUT',
      'Nobody can be asked here: pipe the passphrase in, with --passphrase-stdin.',
    )
  }
  const typed = await askHidden('A new passphrase, at least 8 characters; a few words are good: ')
  refuseWeak(typed)
  const again = await askHidden('The same again: ')
  const isSame = sameBytes(typed, again)
  wipe(again)
  if (isSame) return typed
  wipe(typed)
  throw new RunaError('BAD_INPUT', 'The two were not the same. Nothing was changed.')
}
