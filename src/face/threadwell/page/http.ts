import type { Failure } from '../api.ts'

/** Something did not work. It carries what happened and what can be done, in words for people. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly code: string
  readonly advice: string

  constructor(failure: { readonly code: string; readonly message: string; readonly advice: string }) {
    super(failure.message)
    this.code = failure.code
    this.advice = failure.advice
  }
}

const UNREACHABLE = {
  code: 'UNREACHABLE',
  message: 'Runa does not answer.',
  advice: 'It may be starting again. What was saved is safe. Try again in a moment.',
}

export function get<Reply>(path: string): Promise<Reply> {
  return ask<Reply>('GET', path)
}

export function post<Reply>(path: string, body: unknown, signal?: AbortSignal): Promise<Reply> {
  return ask<Reply>('POST', path, body, signal)
}

export function remove<Reply>(path: string): Promise<Reply> {
  return ask<Reply>('DELETE', path)
}

async function ask<Reply>(
  method: string,
  path: string,
  body?: unknown,
  signal?: AbortSignal,
): Promise<Reply> {
  const response = await send(path, {
    method,
    ...(signal && { signal }),
    ...(body === undefined
      ? {}
      : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  })
  const text = await response.text()
  return (text === '' ? undefined : JSON.parse(text)) as Reply
}

/** One object a line, as they come. The request ends when `signal` fires or the reader leaves the loop. */
export async function* lines<Line>(path: string, init: RequestInit): AsyncGenerator<Line> {
  const response = await send(path, { ...init, method: 'POST' })
  if (response.body === null) throw new Refusal(UNREACHABLE)
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
  let rest = ''
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) break
      const complete = (rest + value).split('\n')
      rest = complete.pop() ?? ''
      for (const line of complete) if (line !== '') yield checked<Line>(line)
    }
    if (rest !== '') yield checked<Line>(rest)
  } catch (error) {
    throw error instanceof TypeError ? new Refusal(UNREACHABLE) : error
  } finally {
    await reader.cancel().catch(() => {})
  }
}

/** A stream that fails says so in its last line. */
function checked<Line>(text: string): Line {
  const line = JSON.parse(text) as { kind?: string } & Failure
  if (line.kind === 'error') throw new Refusal(line)
  return line as Line
}

async function send(path: string, init: RequestInit): Promise<Response> {
  const response = await fetch(path, { ...init, credentials: 'same-origin' }).catch((error: unknown) => {
    throw error instanceof DOMException && error.name === 'AbortError' ? error : new Refusal(UNREACHABLE)
  })
  if (response.ok) return response
  throw new Refusal(await failureOf(response))
}

async function failureOf(response: Response): Promise<Failure | typeof UNREACHABLE> {
  const reply = (await response.json().catch(() => ({}))) as { error?: Failure }
  if (reply.error !== undefined) return reply.error
  const message = `Runa refused this (${response.status}).`
  return { ...UNREACHABLE, message, advice: 'Reload the page and try again.' }
}

/** Whatever went wrong, as words. */
export function asRefusal(error: unknown): Refusal {
  if (error instanceof Refusal) return error
  const message = 'The page made a mistake.'
  return new Refusal({ code: 'PAGE', message, advice: 'Reload it. What was saved is safe.' })
}

export function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'AbortError'
}
