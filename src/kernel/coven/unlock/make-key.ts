import { deriveKey, moveSecret, wipe } from '#kernel/seal'
import { RunaError } from '#protocol'
import { deriveByArgon2 } from './argon2.ts'
import { readKeyFile } from './key-file.ts'
import type { Recipe, Unlock } from './recipe.ts'
import { deriveByScrypt } from './scrypt.ts'
import { openByMachine } from './system-credential.ts'

/**
 * The key that opens a vault with this recipe. The caller wipes it. Rejects with VAULT_KEY_MISSING where the vault needs
 * another kind of key, or the key file cannot be used; MACHINE_KEY_FAILED, or SYSTEM_CALL_FAILED where there is no memory.
 */
export async function makeKey(unlock: Unlock, recipe: Recipe): Promise<Buffer> {
  const salt = Buffer.from(recipe.salt, 'hex')
  switch (recipe.kind) {
    case 'key-file':
      if (!('keyFile' in unlock)) throw otherKind('its key file')
      return derive(readKeyFile(unlock.keyFile), salt)
    case 'machine':
      if (!('machine' in unlock)) throw otherKind('a key of this machine')
      return derive(await openByMachine(recipe.credential), salt)
    default: {
      if (!('passphrase' in unlock)) throw otherKind('a passphrase')
      const { passphrase } = unlock
      if (recipe.kind === 'argon2id') return await deriveByArgon2(passphrase, salt, recipe)
      return await deriveByScrypt(passphrase, salt, recipe.n, recipe.r)
    }
  }
}

function derive(key: Buffer, salt: Buffer): Buffer {
  const derived = moveSecret(deriveKey(key, 'runa vault', salt))
  wipe(key)
  return derived
}

function otherKind(needed: string): RunaError {
  return new RunaError('VAULT_KEY_MISSING', `This vault opens with ${needed}, and with nothing else.`)
}
