import { RunaError } from '#protocol'
import { describeFault, framesOf } from './faults.ts'
import type { CallRecord } from './serve.ts'

/** Writes lines of JSON to stderr, where the supervisor takes them to a file. */
export interface Log {
  (event: string, details?: Readonly<Record<string, unknown>>): void
  /** One line a call. */
  call(record: CallRecord): void
}

const LINE_LENGTH_MAX = 4_096

export function createLog(service: string, write: (line: string) => void = writeToStderr): Log {
  function line(
    fields: Readonly<Record<string, unknown>>,
    shortened: Readonly<Record<string, unknown>>,
  ): void {
    const head = { time: new Date().toISOString(), service }
    const text = JSON.stringify({ ...head, ...fields })
    write(text.length <= LINE_LENGTH_MAX ? text : JSON.stringify({ ...head, ...shortened }))
  }

  const log = (event: string, details: Readonly<Record<string, unknown>> = {}) =>
    line({ event, ...details }, { event, shortened: true })
  const call = ({ operation, outcome, durationMs, trace, input, error }: CallRecord) => {
    const short = { operation, outcome, durationMs: Math.round(durationMs * 10) / 10, trace }
    line({ ...short, input, ...describe(outcome, error) }, { ...short, shortened: true })
  }
  return Object.assign(log, { call })
}

/** Where a fault lies, without its message: that may quote what somebody wrote. */
function describe(outcome: string, error: unknown): Readonly<Record<string, unknown>> {
  if (outcome === 'OK' || outcome === 'CANCELLED' || !(error instanceof Error)) return {}
  const { code, ...fault } = describeFault(error)
  if (!(error instanceof RunaError)) return { ...fault, code }
  // One of another code was not worded for the caller.
  return code === outcome ? fault : { error: error.name, code, at: framesOf(error) }
}

/** A line may wait so long for others: one write for all of them. A kill loses what waits, any other end does not. */
const FLUSH_MS = 20
let waiting = ''

function writeToStderr(line: string): void {
  if (waiting === '') setTimeout(flush, FLUSH_MS).unref()
  waiting += `${line}\n`
}

function flush(): void {
  if (waiting !== '') process.stderr.write(waiting)
  waiting = ''
}

process.once('exit', flush)
