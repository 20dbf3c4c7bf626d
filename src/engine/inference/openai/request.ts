import type { ServerConfig } from '#kernel/config'
import { RunaError } from '#protocol'
import type { Ledger } from '../ledger.ts'

const ANSWER_BYTES_MAX = 64 * 2 ** 20
/** A server that says nothing for so long is given up. Reading a long prompt takes a slow one minutes. */
export const SILENCE_MS = 240_000

export interface ServerRequest {
  readonly server: ServerConfig
  readonly ledger: Ledger
  /** Asked for each request: it may have been taken back, or changed. */
  readonly key: () => Promise<string | undefined>
}

/** Whether a request to this address stays on the machine. */
export function isLoopback(url: URL): boolean {
  return /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(url.hostname)
}

/**
 * Sends one request. What leaves the machine is counted in the ledger first. Redirects are refused: they could lead
 * out of the machine past the ledger, or carry the key to a stranger.
 */
export async function postToServer(
  { server, ledger, key }: ServerRequest,
  path: string,
  body: unknown,
  signal: AbortSignal,
): Promise<Response> {
  const bearer = await key()
  const url = new URL(`${server.baseUrl.replace(/\/+$/, '')}${path}`)
  if (!isLoopback(url)) await ledger.record(url.host, `${path.slice(1)} by '${server.id}'`)
  const headers = {
    'content-type': 'application/json',
    ...(bearer && { authorization: `Bearer ${bearer}` }),
  }
  const init = { method: 'POST', headers, body: JSON.stringify(body), signal, redirect: 'error' } as const
  const response = await fetch(url, init).catch((cause) => {
    throw unreachable(server, `cannot be reached at ${url.origin}`, cause)
  })
  if (response.ok) return response
  throw await refusal(server, response)
}

/** A failure of the server, in the words of this side: what the server says may repeat what the person wrote. */
export function unreachable(server: ServerConfig, what: string, cause?: unknown): RunaError {
  return new RunaError('ENGINE_UNREACHABLE', `The server '${server.id}' ${what}.`, { cause })
}

async function refusal(server: ServerConfig, response: Response): Promise<RunaError> {
  const text = await readBounded(server, response).catch(() => '')
  if (/context_length_exceeded|exceed_context_size/.test(text)) {
    return new RunaError(
      'CONTEXT_FULL',
      `The server '${server.id}' says that the conversation is too long for it.`,
    )
  }
  const hints: Readonly<Record<number, string>> = {
    401: ': it wants another key',
    403: ': it wants another key',
    404: ': it has no such model or address',
    429: ': it is asked too often',
  }
  return unreachable(server, `answered with status ${response.status}${hints[response.status] ?? ''}`)
}

export async function readBounded(server: ServerConfig, response: Response): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  for await (const bytes of response.body ?? []) {
    text += decoder.decode(bytes, { stream: true })
    if (text.length > ANSWER_BYTES_MAX) throw unreachable(server, 'sent more than an answer may hold')
  }
  return text + decoder.decode()
}
