import type { Happening } from '#protocol'
import { formatDuration } from '../output.ts'
import { formatMoment } from './log-times.ts'

/** One line for a person: when, who, what, and why. */
export function describeHappening(happening: Happening): string {
  const { at, service, kind, text, pid, durationMs, code, cause } = happening
  const brackets = [
    pid === undefined ? '' : `process ${pid}`,
    durationMs === undefined ? '' : `after ${describeTime(durationMs)}`,
    cause ?? '',
    code ?? '',
  ].filter((part) => part !== '')
  const head = [formatMoment(at), service.padEnd(12), kind.padEnd(11), text].join('  ')
  return brackets.length === 0 ? head : `${head} (${brackets.join(', ')})`
}

function describeTime(durationMs: number): string {
  return durationMs < 10_000 ? `${durationMs} ms` : formatDuration(durationMs)
}
