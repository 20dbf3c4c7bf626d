import { typeable } from '#kernel/home'
import { ERRORS, type ErrorCode, RunaError } from '#protocol'
import type { Failure } from '../api.ts'

/** What is not named here is a fault of Runa: 500. */
const STATUS: Readonly<Partial<Record<ErrorCode, number>>> = {
  BAD_INPUT: 400,
  CONTEXT_FULL: 400,
  DOCUMENT_IGNORED: 400,
  DOCUMENT_INVALID: 400,
  FILTER_INVALID: 400,
  MODEL_INVALID: 400,
  NOT_LOGGED_IN: 401,
  FOREIGN_REQUEST: 403,
  ANSWER_UNKNOWN: 404,
  BOARD_UNKNOWN: 404,
  DOCUMENT_UNKNOWN: 404,
  FILE_NOT_FOUND: 404,
  MODEL_GONE: 404,
  MODEL_UNKNOWN: 404,
  PATH_UNKNOWN: 404,
  PERSONA_UNKNOWN: 404,
  SERVICE_UNKNOWN: 404,
  THREAD_UNKNOWN: 404,
  TOPIC_UNKNOWN: 404,
  TURN_UNKNOWN: 404,
  CONSENT_NEEDED: 409,
  MEMORY_OFF: 409,
  MODEL_EXISTS: 409,
  VERSION_CONFLICT: 409,
  TURN_FORGOTTEN: 410,
  BODY_TOO_LARGE: 413,
  DOCUMENT_TOO_LARGE: 413,
  CANCELLED: 499,
  BOARD_FULL: 507,
  DISK_FULL: 507,
  JOURNAL_FULL: 507,
  KEYS_FULL: 507,
  MEMORY_FULL: 507,
  MODEL_TOO_LARGE: 507,
  TOPIC_FULL: 507,
  AUDIT_FAILED: 503,
  BUSY: 503,
  BUS_BACKPRESSURE: 503,
  DEADLINE_EXCEEDED: 503,
  ENGINE_UNREACHABLE: 503,
  MODEL_FAILED: 503,
  SECRETS_MISSING: 503,
  SERVICE_LOST: 503,
}

export function statusOf(code: ErrorCode): number {
  return STATUS[code] ?? 500
}

/** Only a RunaError was worded for people. Anything else may hold private words, and shows none of them. */
export function toFailure(error: unknown): Failure {
  const known = error instanceof RunaError ? error : new RunaError('INTERNAL')
  return { code: known.code, message: known.message, advice: typeable(known.advice) }
}

export function failureResponse(error: unknown, status?: number): Response {
  const failure = toFailure(error)
  const headers = { 'cache-control': 'no-store', ...retryHeader(failure.code) }
  return Response.json({ error: failure }, { status: status ?? statusOf(failure.code), headers })
}

export function retryHeader(code: ErrorCode): Record<string, string> {
  return statusOf(code) === 503 && ERRORS[code].retry ? { 'retry-after': '1' } : {}
}
