import * as z from 'zod'
import { type ErrorCode, RunaError } from '#protocol'
import { retryHeader, statusOf, toFailure } from '../http/failure.ts'

/** What OpenAI's clients tell apart by `type`, and otherwise by the status. */
function typeOf(status: number): string {
  if (status === 401) return 'authentication_error'
  if (status === 403) return 'permission_error'
  return status < 500 ? 'invalid_request_error' : 'server_error'
}

/** Names that existing clients know. Ours serve for the rest. */
const OPENAI_CODES: Readonly<Partial<Record<ErrorCode, string>>> = {
  NOT_LOGGED_IN: 'invalid_api_key',
  MODEL_UNKNOWN: 'model_not_found',
  CONTEXT_FULL: 'context_length_exceeded',
}

export interface OpenaiError {
  readonly error: {
    readonly message: string
    readonly type: string
    readonly param: string | null
    readonly code: string
  }
}

/** An error in the shape that OpenAI's clients expect. */
export function toOpenaiError(error: unknown, status: number = statusOf(toFailure(error).code)): OpenaiError {
  const { code, message, advice } = toFailure(error)
  const type = typeOf(status)
  const param = paramOf(error)
  return { error: { message: `${message} ${advice}`, type, param, code: OPENAI_CODES[code] ?? code } }
}

export function openaiFailure(error: unknown, status?: number): Response {
  const { code } = toFailure(error)
  const shown = status ?? statusOf(code)
  const headers = { 'cache-control': 'no-store', ...retryHeader(code) }
  return Response.json(toOpenaiError(error, shown), { status: shown, headers })
}

/** The field that the input failed at, where it was the input. */
function paramOf(error: unknown): string | null {
  const cause = error instanceof RunaError ? error.cause : undefined
  return cause instanceof z.ZodError ? (cause.issues[0]?.path.join('.') ?? null) : null
}
