import { randomBytes } from 'node:crypto'
import * as z from 'zod'
import type { ScryptCost } from './scrypt.ts'
import { SYSTEM_KEYS, type SystemKey, sealByMachine } from './system-credential.ts'

/** What opens a vault. The caller wipes a passphrase once the vault is open. */
export type Unlock =
  | { readonly passphrase: Buffer }
  | { readonly keyFile: string }
  /** This machine: which of its keys is only asked where a vault is made, or gets another key. */
  | { readonly machine: SystemKey }

const SALT_BYTES = 16
/**
 * argon2id (RFC 9106) with twice the memory of its second recommended choice, as many passes, and one lane, which is all
 * that libsodium has: 128 MiB and half a second to one.
 */
const ARGON2 = { memoryKiB: 128 * 1_024, passes: 3 } as const
/** A header that was planted must not eat the memory of the machine. */
const MEMORY_KIB_MAX = 2 ** 20
const PASSES_MAX = 16
const SCRYPT_N_MAX = 2 ** 20
const CREDENTIAL_LENGTH_MAX = 3_000

const saltSchema = z.string().regex(/^[0-9a-f]{32}$/)
/** How the key is made that opens the vault; stands in its header, and is no secret. */
export const recipeSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('argon2id'),
    memoryKiB: z.int().min(8).max(MEMORY_KIB_MAX),
    passes: z.int().min(1).max(PASSES_MAX),
    salt: saltSchema,
  }),
  /** Of vaults before argon2id. Their next passphrase brings that. */
  z.object({
    kind: z.literal('scrypt'),
    n: z
      .int()
      .min(2 ** 10)
      .max(SCRYPT_N_MAX)
      .refine((n) => Number.isInteger(Math.log2(n))),
    r: z.literal(8),
    p: z.literal(1),
    salt: saltSchema,
  }),
  z.object({ kind: z.literal('key-file'), salt: saltSchema }),
  z.object({
    kind: z.literal('machine'),
    with: z.enum(SYSTEM_KEYS),
    /** What systemd-creds made of a key from chance. */
    credential: z.base64().max(CREDENTIAL_LENGTH_MAX),
    salt: saltSchema,
  }),
])
export type Recipe = z.infer<typeof recipeSchema>

/**
 * `scrypt`: for vaults as they were made before argon2id, and much cheaper. Rejects with MACHINE_KEY_FAILED where the machine is
 * to open the vault and cannot.
 */
export async function newRecipe(unlock: Unlock, scrypt?: ScryptCost): Promise<Recipe> {
  const salt = randomBytes(SALT_BYTES).toString('hex')
  if ('keyFile' in unlock) return { kind: 'key-file', salt }
  if ('machine' in unlock) {
    return { kind: 'machine', with: unlock.machine, credential: await sealByMachine(unlock.machine), salt }
  }
  if (scrypt !== undefined) return { kind: 'scrypt', n: scrypt, r: 8, p: 1, salt }
  return { kind: 'argon2id', ...ARGON2, salt }
}
