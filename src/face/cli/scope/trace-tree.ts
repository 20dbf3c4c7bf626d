import type { RecordedMessage } from '#kernel/splinter'
import { plural } from '../output.ts'
import { formatMicros } from './figures.ts'
import { nameOf } from './message-filter.ts'

/** One typed call, as the envelopes about it tell. */
interface Span {
  readonly call: string
  readonly from: string
  readonly to: string
  readonly operation: string
  readonly startedAt: number
  /** Undefined while it runs, or where its end was not heard. */
  endedAt: number | undefined
  /** Items of a stream, the answer of any other call. */
  answers: number
  failed: boolean
  cancelled: boolean
  bytes: number
  readonly children: Span[]
}

export interface Trace {
  readonly trace: string
  readonly startedAt: number
  readonly roots: readonly Span[]
  /** Events that were sent to everybody on the way. */
  readonly events: readonly RecordedMessage[]
}

/**
 * The calls of one trace as a tree. An envelope does not say which call it was made for, so a call is put below the one
 * that its caller was answering at that moment: the youngest, where there are several.
 */
export function buildTrace(trace: string, messages: readonly RecordedMessage[]): Trace {
  const own = messages.filter((message) => message.trace === trace && !message.refused)
  const spans = new Map<string, Span>()
  for (const message of own) follow(spans, message)
  const ordered = [...spans.values()].sort((one, other) => one.startedAt - other.startedAt)
  const roots = ordered.filter((span, index) => {
    const parent = findParent(span, ordered.slice(0, index))
    parent?.children.push(span)
    return parent === undefined
  })
  const events = own.filter(({ type }) => type === 'event')
  return { trace, startedAt: own[0]?.at ?? 0, roots, events }
}

function follow(spans: Map<string, Span>, message: RecordedMessage): void {
  const { call, type, from, to, operation = '', at, last, sizeBytes } = message
  if (call === undefined) return
  if (type === 'query') {
    spans.set(call, {
      ...{ call, from: nameOf(from), to: nameOf(to), operation, startedAt: at, endedAt: undefined },
      ...{ answers: 0, failed: false, cancelled: false, bytes: sizeBytes, children: [] },
    })
  }
  const span = spans.get(call)
  if (span === undefined) return
  if (type === 'response') span.answers += 1
  if (type === 'error') span.failed = true
  if (type === 'cancel') span.cancelled = true
  if (type === 'response' || type === 'error') span.bytes += sizeBytes
  if ((type === 'response' && last) || type === 'error' || type === 'cancel') span.endedAt ??= at
}

function findParent({ from, startedAt }: Span, earlier: readonly Span[]): Span | undefined {
  return earlier.findLast(
    (span) => span.to === from && (span.endedAt ?? Number.POSITIVE_INFINITY) >= startedAt,
  )
}

/** Lines with a bar of time: when in the trace each call began, and how long it took. */
export function showTrace({ trace, startedAt, roots, events }: Trace): string[] {
  const count = (spans: readonly Span[]): number =>
    spans.reduce((sum, span) => sum + 1 + count(span.children), 0)
  return [
    `Trace ${trace}: ${plural(count(roots), 'call')}, ${plural(events.length, 'event')}`,
    '',
    ...roots.flatMap((root) => showSpan(root, startedAt, '', '')),
    ...events.map(
      ({ at, from, operation = '' }) =>
        `${sinceStart(at, startedAt)}  ${nameOf(from)} told everybody: ${operation}`,
    ),
  ]
}

function showSpan(span: Span, startedAt: number, lead: string, leadOfChildren: string): string[] {
  const { from, to, operation, children } = span
  const line = `${sinceStart(span.startedAt, startedAt)}  ${lead}${from} → ${to} ${operation}: ${ending(span)}`
  const below = children.flatMap((child, index) => {
    const isLast = index === children.length - 1
    const mark = isLast ? '└ ' : '├ '
    return showSpan(child, startedAt, leadOfChildren + mark, leadOfChildren + (isLast ? '  ' : '│ '))
  })
  return [line, ...below]
}

function ending({ startedAt, endedAt, answers, failed, cancelled }: Span): string {
  if (endedAt === undefined) return answers > 0 ? `runs, ${answers} items so far` : 'no answer so far'
  // Envelopes carry whole milliseconds.
  const took = endedAt === startedAt ? 'less than 1 ms' : formatMicros((endedAt - startedAt) * 1_000)
  if (failed) return `failed after ${took}`
  if (cancelled) return `cancelled after ${took}`
  return answers > 1 ? `${took}, ${answers - 1} items` : took
}

function sinceStart(at: number, startedAt: number): string {
  return `+${formatMicros((at - startedAt) * 1_000)}`.padStart(8)
}
