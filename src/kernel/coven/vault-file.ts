import { createHash } from 'node:crypto'
import * as z from 'zod'
import {
  createKey,
  moveSecret,
  openSecret,
  sameBytes,
  seal,
  unwrapSecretKey,
  wipe,
  wrapKey,
} from '#kernel/seal'
import { RunaError } from '#protocol'
import { makeKey } from './unlock/make-key.ts'
import { newRecipe, type Recipe, recipeSchema, type Unlock } from './unlock/recipe.ts'

/** The last byte is the version of the format. */
const MARK = Buffer.from('RUNAVLT\x01', 'latin1')
const LENGTH_BYTES = 4
const DIGEST_BYTES = 32
const HEADER_BYTES_MAX = 4_096
const CONTEXT = 'runa vault'

const headerSchema = z.object({ recipe: recipeSchema, wrapped: z.base64().max(256) })

/** What is needed to write a vault again without asking for the passphrase again. */
export interface VaultKey {
  readonly root: Buffer
  /** The head of the file, which names how the root key is wrapped. */
  readonly head: Buffer
}

/**
 * A new head: a root key under the key that `unlock` makes. With `root` given, the same content opens with another
 * passphrase or file from then on.
 */
export async function createVaultKey(
  unlock: Unlock,
  scryptN?: number,
  root = moveSecret(createKey()),
): Promise<VaultKey> {
  const recipe: Recipe = await newRecipe(unlock, scryptN)
  const key = await makeKey(unlock, recipe)
  const wrapped = wrapKey(key, root, CONTEXT).toString('base64')
  wipe(key)
  const header = Buffer.from(JSON.stringify({ recipe, wrapped }))
  const length = Buffer.alloc(LENGTH_BYTES)
  length.writeUInt32LE(header.length)
  return { root, head: Buffer.concat([MARK, length, header]) }
}

/** Mark, header, sealed content, and a digest of all that, which tells an accident from a wrong passphrase. */
export function encodeVault({ root, head }: VaultKey, content: Uint8Array): Buffer {
  const bytes = Buffer.concat([head, seal(root, content, head)])
  return Buffer.concat([bytes, digestOf(bytes)])
}

interface Parts {
  readonly head: Buffer
  readonly recipe: Recipe
  readonly wrapped: Buffer
  readonly sealed: Buffer
}

/** How a vault opens: what it needs to be asked for. Throws VAULT_VERSION or VAULT_CORRUPT. */
export function readRecipe(bytes: Buffer): Recipe {
  return takeApart(bytes).recipe
}

/** Resolves where `unlock` opens the vault; rejects as `decodeVault` does. */
export async function tryUnlock(bytes: Buffer, unlock: Unlock): Promise<void> {
  const { recipe, wrapped } = takeApart(bytes)
  wipe(await openRoot(unlock, recipe, wrapped))
}

/**
 * Rejects with VAULT_VERSION for what is no vault of this format, VAULT_CORRUPT for a damaged one, VAULT_KEY_WRONG for the
 * wrong passphrase or key file, and VAULT_KEY_MISSING.
 */
export async function decodeVault(
  bytes: Buffer,
  unlock: Unlock,
): Promise<{ readonly key: VaultKey; readonly content: Buffer }> {
  const { head, recipe, wrapped, sealed } = takeApart(bytes)
  const root = await openRoot(unlock, recipe, wrapped)
  try {
    return { key: { root, head }, content: openSecret(root, sealed, head) }
  } catch (cause) {
    wipe(root)
    throw corrupt(cause)
  }
}

function takeApart(bytes: Buffer): Parts {
  if (!bytes.subarray(0, MARK.length).equals(MARK)) throw new RunaError('VAULT_VERSION')
  const end = bytes.length - DIGEST_BYTES
  const headBytes = MARK.length + LENGTH_BYTES
  if (end < headBytes || !sameBytes(bytes.subarray(end), digestOf(bytes.subarray(0, end)))) throw corrupt()
  const headEnd = headBytes + bytes.readUInt32LE(MARK.length)
  if (headEnd > headBytes + HEADER_BYTES_MAX || headEnd > end) throw corrupt()
  const head = Buffer.from(bytes.subarray(0, headEnd))
  const { recipe, wrapped } = readHeader(head.subarray(headBytes))
  return { head, recipe, wrapped: Buffer.from(wrapped, 'base64'), sealed: bytes.subarray(headEnd, end) }
}

async function openRoot(unlock: Unlock, recipe: Recipe, wrapped: Buffer): Promise<Buffer> {
  const key = await makeKey(unlock, recipe)
  try {
    return unwrapSecretKey(key, wrapped, CONTEXT)
  } catch (cause) {
    throw new RunaError('VAULT_KEY_WRONG', undefined, { cause })
  } finally {
    wipe(key)
  }
}

function readHeader(bytes: Buffer): z.infer<typeof headerSchema> {
  try {
    return headerSchema.parse(JSON.parse(bytes.toString('utf8')))
  } catch (cause) {
    throw corrupt(cause)
  }
}

function digestOf(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest()
}

function corrupt(cause?: unknown): RunaError {
  return new RunaError('VAULT_CORRUPT', undefined, { cause })
}
