import { formatMoment } from './log-times.ts'

/** One line of a log, and what could be made of it. */
export interface LogLine {
  readonly service: string
  /** As it stands in the file. */
  readonly line: string
  /** Milliseconds since 1970: its own, or that of the line before, which it belongs to. Undefined where none is known. */
  readonly at: number | undefined
  /** Undefined where it is no line of JSON that says when it was written. */
  readonly record: Readonly<Record<string, unknown>> | undefined
}

/** `before`: when the line before was written. */
export function parseLogLine(service: string, line: string, before: number | undefined): LogLine {
  const record = line.startsWith('{') ? parseRecord(line) : undefined
  const at = record === undefined ? Number.NaN : Date.parse(String(record['time']))
  if (Number.isNaN(at)) return { service, line, at: before, record: undefined }
  return { service, line, at, record }
}

function parseRecord(line: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(line) as Record<string, unknown>
  } catch {
    return undefined
  }
}

const SAID_ELSEWHERE = ['time', 'service', 'event', 'subject', 'text', 'operation', 'outcome', 'durationMs']

/** For a person: when, who, what, and everything else that the line says. */
export function describeLogLine({ service, line, at, record }: LogLine): string {
  const head = `${at === undefined ? ' '.repeat(23) : formatMoment(at)}  ${service.padEnd(12)}`
  if (record === undefined) return `${head}  ${line}`
  const { event, subject, text, operation, outcome, durationMs } = record
  const what =
    operation === undefined
      ? [event, subject === undefined ? undefined : `${String(subject)}:`, text]
      : [operation, outcome, durationMs === undefined ? undefined : `${String(durationMs)} ms`]
  const rest = Object.entries(record)
    .filter(([name]) => !SAID_ELSEWHERE.includes(name))
    .map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
  const said = [...what, ...rest].filter((part) => part !== undefined).map(String)
  return `${head}  ${said.join(' ')}`
}

/** Lines of several logs in the order of their times; those of one log stay in theirs. */
export function mergeLogLines(logs: readonly (readonly LogLine[])[]): LogLine[] {
  const merged: LogLine[] = []
  const next = logs.map(() => 0)
  const timeOf = (log: number) => logs[log]?.[next[log] ?? 0]?.at ?? Number.NEGATIVE_INFINITY
  let open = logs.map((_, index) => index).filter((index) => (logs[index]?.length ?? 0) > 0)
  while (open.length > 0) {
    const first = open.reduce((best, log) => (timeOf(log) < timeOf(best) ? log : best))
    merged.push(logs[first]?.[next[first] ?? 0] as LogLine)
    next[first] = (next[first] ?? 0) + 1
    if (next[first] === logs[first]?.length) open = open.filter((log) => log !== first)
  }
  return merged
}
