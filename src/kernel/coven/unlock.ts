import { randomBytes, scrypt } from 'node:crypto'
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import * as z from 'zod'
import { replaceFile } from '#kernel/journal'
import { createKey, deriveKey, KEY_BYTES, moveSecret, secretRoom, wipe } from '#kernel/seal'
import { RunaError } from '#protocol'

/** What opens a vault. The caller wipes a passphrase once the vault is open. */
export type Unlock = { readonly passphrase: Buffer } | { readonly keyFile: string }

const SALT_BYTES = 16
/** scrypt (RFC 7914) with N, r = 8 and p = 1 takes 128 r N bytes: 128 MiB for 2^17, and a quarter of a second here. */
const SCRYPT_N = 2 ** 17
const SCRYPT_R = 8
/** A header that was planted must not eat the memory of the machine. */
const SCRYPT_N_MAX = 2 ** 20

const saltSchema = z.string().regex(/^[0-9a-f]{32}$/)
/** How the key is made that opens the vault; stands in its header, and is no secret. */
export const recipeSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('scrypt'),
    n: z
      .int()
      .min(2 ** 10)
      .max(SCRYPT_N_MAX)
      .refine((n) => Number.isInteger(Math.log2(n))),
    r: z.literal(SCRYPT_R),
    p: z.literal(1),
    salt: saltSchema,
  }),
  z.object({ kind: z.literal('key-file'), salt: saltSchema }),
])
export type Recipe = z.infer<typeof recipeSchema>

export function newRecipe(unlock: Unlock, scryptN: number = SCRYPT_N): Recipe {
  const salt = randomBytes(SALT_BYTES).toString('hex')
  if ('keyFile' in unlock) return { kind: 'key-file', salt }
  return { kind: 'scrypt', n: scryptN, r: SCRYPT_R, p: 1, salt }
}

/** Rejects with VAULT_KEY_MISSING where the vault needs the other kind of key, or the key file cannot be used. */
export async function makeKey(unlock: Unlock, recipe: Recipe): Promise<Buffer> {
  const salt = Buffer.from(recipe.salt, 'hex')
  if (recipe.kind === 'key-file') {
    if (!('keyFile' in unlock))
      throw new RunaError(
        'VAULT_KEY_MISSING',
        'This vault opens with its key file, and not with a passphrase.',
      )
    const key = readKeyFile(unlock.keyFile)
    const derived = moveSecret(deriveKey(key, 'runa vault', salt))
    wipe(key)
    return derived
  }
  if (!('passphrase' in unlock))
    throw new RunaError('VAULT_KEY_MISSING', 'This vault opens with a passphrase, and not with a key file.')
  const { n, r, p } = recipe
  const { passphrase } = unlock
  return await new Promise((resolve, reject) => {
    scrypt(passphrase, salt, KEY_BYTES, { N: n, r, p, maxmem: 256 * r * n }, (error, key) => {
      if (error)
        reject(
          new RunaError('SYSTEM_CALL_FAILED', 'There is no memory for the passphrase.', { cause: error }),
        )
      else resolve(moveSecret(key))
    })
  })
}

/** Only for a vault that is being made: a key that was lost must never be replaced by one that opens nothing. */
export async function makeKeyFile(path: string): Promise<void> {
  const key = createKey()
  try {
    await replaceFile(path, key)
  } finally {
    wipe(key)
  }
}

function readKeyFile(path: string): Buffer {
  const key = readSecretFile(path)
  // Zeros are what is left of one that was destroyed, where the power went before its name was gone.
  if (key.length === KEY_BYTES && key.some((byte) => byte !== 0)) return key
  throw new RunaError('VAULT_KEY_MISSING', `${path} is no key file of a vault.`)
}

/** Straight into guarded memory: a longer file is cut. Throws VAULT_KEY_MISSING. */
function readSecretFile(path: string): Buffer {
  let fd: number | undefined
  try {
    fd = openSync(path, 'r')
    const room = secretRoom(Math.min(fstatSync(fd).size, KEY_BYTES + 1))
    readSync(fd, room)
    return room
  } catch (cause) {
    throw new RunaError('VAULT_KEY_MISSING', `The key file ${path} cannot be read.`, { cause })
  } finally {
    if (fd !== undefined) closeSync(fd)
  }
}
