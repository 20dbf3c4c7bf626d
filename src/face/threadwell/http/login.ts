import { createHmac, randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import * as z from 'zod'
import { destroyFile, replaceFile } from '#kernel/journal'
import { createKey, deriveKey, wipe } from '#kernel/seal'
import { createSecret, sameSecret } from './secret.ts'

const SESSION_MS = 90 * 24 * 3_600_000

const SALT_BYTES = 16

const saltFileSchema = z.object({ salt: z.string().regex(/^[0-9a-f]{32}$/) })

export interface Login {
  /** Who has it may open a session. It is the owner's: printed in the terminal, never on a page. */
  readonly token: string
  readonly cookieName: string
  /** The value of the cookie, or undefined where the token is wrong. */
  open(token: string): string | undefined
  isOpen(cookie: string | undefined): boolean
  readonly sessionMs: number
}

export interface LoginOptions {
  /** What they are made from; undefined without coven. The caller may wipe it. */
  readonly key: Uint8Array | undefined
  /** Of a file that holds nothing but chance: without the key it opens nothing, and may lie in a backup. */
  readonly saltPath: string
  readonly cookieName: string
  readonly nowMs?: () => number
}

/**
 * Token and key of the sessions follow from `key` and the salt. A session is a signed date, so that it outlives a restart
 * without being stored; deleting the file ends all of them. Without a key, so does the end of this process.
 */
export async function openLogin({
  key,
  saltPath,
  cookieName,
  nowMs = Date.now,
}: LoginOptions): Promise<Login> {
  const root = key ? deriveKey(key, 'runa login', await openSalt(saltPath)) : createKey()
  const token = createSecret(deriveKey(root, 'token'))
  const sessionKey = deriveKey(root, 'sessions')
  wipe(root)
  const sign = (until: string) =>
    createHmac('sha256', sessionKey).update(`session ${until}`).digest('base64url')

  return {
    token,
    cookieName,
    sessionMs: SESSION_MS,
    open(given) {
      if (!sameSecret(given, token)) return undefined
      const until = String(nowMs() + SESSION_MS)
      return `${until}.${sign(until)}`
    },
    isOpen(cookie) {
      const [until, signature] = cookie?.split('.') ?? []
      if (!until || !signature || !sameSecret(signature, sign(until))) return false
      return Number(until) > nowMs()
    },
  }
}

/** Where there is none, or one that is damaged or of an earlier version, a new one takes its place. */
async function openSalt(path: string): Promise<Buffer> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    // A disk that fails for a moment is no reason to end every session.
    if (error.code !== 'ENOENT') throw error
    return ''
  })
  const known = parseSalt(text)
  if (known) return known
  const salt = randomBytes(SALT_BYTES)
  // An earlier version had the token itself in it.
  await destroyFile(path)
  await replaceFile(path, JSON.stringify({ salt: salt.toString('hex') }))
  return salt
}

function parseSalt(text: string): Buffer | undefined {
  try {
    return Buffer.from(saltFileSchema.parse(JSON.parse(text)).salt, 'hex')
  } catch {
    return undefined
  }
}
