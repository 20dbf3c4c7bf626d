import type { RecordedMessage } from '#kernel/splinter'
import { fit } from './figures.ts'
import { type MessageFilter, nameOf, passes } from './message-filter.ts'

/** What a screen of messages shows when everything is heard. */
const KEPT_MAX = 500
/** From here on names stand whole. On a narrower screen they are short, so that what was sent can be seen. */
const WIDE_COLUMNS = 80
const [NAMES_WIDE, NAMES_NARROW] = [28, 18]

/** The last messages that passed the filter. */
export interface Tap {
  hear(message: RecordedMessage): void
  lines(rows: number, columns: number): string[]
}

export function createTap(filter: MessageFilter): Tap {
  const kept: RecordedMessage[] = []
  return {
    hear(message) {
      if (!passes(filter, message)) return
      kept.push(message)
      if (kept.length > KEPT_MAX) kept.shift()
    },
    lines(rows, columns) {
      if (kept.length === 0) return ['Nothing was sent since this page was opened that passes its filter.']
      return kept.slice(-rows).map((message) => describeMessage(message, columns))
    },
  }
}

/** One line, such as `12:00:01.250 cli → tieto  query search  1.2 kB sealed  trace 0189a`. */
export function describeMessage(message: RecordedMessage, columns = WIDE_COLUMNS): string {
  const { at, from, to, topic, type = '', operation = '', sequence = 0, trace, sizeBytes } = message
  const what = topic ? 'message' : `${type} ${operation}${sequence > 0 ? ` #${sequence}` : ''}`.trim()
  const width = columns < WIDE_COLUMNS ? NAMES_NARROW : NAMES_WIDE
  const where = topic ? `topic ${to}` : nameOf(to)
  const marks = [
    `${sizeBytes} B`,
    ...(message.sealed ? ['sealed'] : []),
    ...(message.refused ? ['NOT SENT'] : []),
    ...(trace === undefined ? [] : [shortTrace(trace)]),
  ]
  return `${timeOf(at)} ${fit(`${nameOf(from)} → ${where}`, width).padEnd(width)} ${what}, ${marks.join(', ')}`
}

/** The end of a trace: its beginning is the time, which neighbours share. */
function shortTrace(trace: string): string {
  return `trace …${trace.slice(-6)}`
}

/** `12:00:01.250`, in the time of this machine. */
export function timeOf(at: number): string {
  const date = new Date(at)
  const two = (value: number) => String(value).padStart(2, '0')
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':')
  return `${time}.${String(date.getMilliseconds()).padStart(3, '0')}`
}
