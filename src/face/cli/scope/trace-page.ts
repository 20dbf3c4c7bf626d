import type { RecordedMessage } from '#kernel/splinter'
import { timeOf } from './tap-page.ts'
import { buildTrace, showTrace } from './trace-tree.ts'

/** Both limits drop the oldest: a trace with more messages is shown from where it still stands. */
const TRACES_MAX = 200
const MESSAGES_MAX = 5_000
const QUIET_MS = 2_000

/** The traces that were heard, the newest last. */
export interface Traces {
  hear(message: RecordedMessage): void
  /** The tree of one: `back` traces before the newest. */
  lines(back: number): string[]
  /** Those of which nothing was heard for a while. They are kept no longer. */
  takeQuiet(now: number): (readonly [trace: string, messages: readonly RecordedMessage[]])[]
}

/** With `wanted`, only traces that begin so. */
export function createTraces(wanted: string | undefined): Traces {
  const kept = new Map<string, RecordedMessage[]>()

  function hear(message: RecordedMessage): void {
    const { trace } = message
    if (trace === undefined || message.type === 'heartbeat' || !trace.startsWith(wanted ?? '')) return
    const messages = kept.get(trace) ?? []
    messages.push(message)
    if (messages.length > MESSAGES_MAX) messages.shift()
    kept.set(trace, messages)
    const [oldest] = kept.keys()
    if (kept.size > TRACES_MAX && oldest !== undefined) kept.delete(oldest)
  }

  return {
    hear,
    lines(back) {
      const all = [...kept]
      const [trace, messages] = all[all.length - 1 - Math.min(back, all.length - 1)] ?? []
      if (trace === undefined || messages === undefined) {
        return ['No trace was heard since this page was opened. Ask Runa something.']
      }
      const place = all.length - Math.min(back, all.length - 1)
      const began = timeOf(messages[0]?.at ?? 0)
      return [
        `Trace ${place} of ${all.length}, began ${began}. Up and down show others.`,
        ...showTrace(buildTrace(trace, messages)),
      ]
    },
    takeQuiet(now) {
      const quiet = [...kept].filter(([, messages]) => (messages.at(-1)?.at ?? 0) + QUIET_MS < now)
      for (const [trace] of quiet) kept.delete(trace)
      return quiet
    },
  }
}
