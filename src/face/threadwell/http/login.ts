import { createHmac } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import * as z from 'zod'
import { replaceFile } from '#kernel/journal'
import { createSecret, sameSecret } from './secret.ts'

const SESSION_MS = 90 * 24 * 3_600_000

const loginFileSchema = z.object({ token: z.string().min(32), sessionKey: z.string().min(32) })

export interface Login {
  /** Who has it may open a session. It is the owner's: printed in the terminal, never on a page. */
  readonly token: string
  readonly cookieName: string
  /** The value of the cookie, or undefined where the token is wrong. */
  open(token: string): string | undefined
  isOpen(cookie: string | undefined): boolean
  readonly sessionMs: number
}

/**
 * Token and key lie in one file that only its owner may read. A session is a signed date, so that it outlives a
 * restart without being stored; deleting the file ends all of them.
 */
export async function openLogin(
  path: string,
  cookieName: string,
  nowMs: () => number = Date.now,
): Promise<Login> {
  const { token, sessionKey } = (await readLogin(path)) ?? (await createLogin(path))
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

/** Undefined where there is none, or one that is damaged: then a new one takes its place. */
async function readLogin(path: string): Promise<z.infer<typeof loginFileSchema> | undefined> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    // A disk that fails for a moment is no reason to end every session.
    if (error.code !== 'ENOENT') throw error
    return ''
  })
  try {
    return loginFileSchema.parse(JSON.parse(text))
  } catch {
    return undefined
  }
}

async function createLogin(path: string): Promise<z.infer<typeof loginFileSchema>> {
  const login = { token: createSecret(), sessionKey: createSecret() }
  await replaceFile(path, JSON.stringify(login))
  return login
}
