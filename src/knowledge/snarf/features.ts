import type { DayCounts } from '#protocol'

const DAY_MS = 86_400_000
/** A longer message is mostly pasted: it says nothing about how somebody writes. */
const OWN_WORDS_MAX = 150
const PASTED = /```|^\s*[>{[<]|https?:\/\//m

export function dayOf(timeMs: number): number {
  return Math.floor(timeMs / DAY_MS)
}

export function dateOf(day: number): string {
  return new Date(day * DAY_MS).toISOString().slice(0, 10)
}

/**
 * What is counted about one message; undefined where it is empty or looks pasted. Only what stays the same from one day
 * to the next is counted: hedging, questions and commands do not (r .57 and less after five days).
 */
export function countMessage(message: string, day: number): DayCounts | undefined {
  const text = message.trim()
  if (PASTED.test(text)) return undefined
  const words = text.match(/[\p{L}\p{N}][\p{L}\p{N}'’-]*/gu)?.length ?? 0
  if (words === 0 || words > OWN_WORDS_MAX) return undefined
  return {
    ...{ day, messages: 1, words, logWords: Math.log(1 + words) },
    capitals: /^\p{Lu}/u.test(text) ? 1 : 0,
    ended: /[.!?…]["')\]]*$/.test(text) ? 1 : 0,
  }
}

/** The newest `daysMax` days, with one message more. A day before the last one is taken for the last: clocks go back. */
export function addCounts(days: readonly DayCounts[], one: DayCounts, daysMax: number): DayCounts[] {
  const last = days.at(-1)
  if (last === undefined || last.day < one.day) return [...days, one].slice(-daysMax)
  const sum: DayCounts = {
    day: last.day,
    messages: last.messages + one.messages,
    words: last.words + one.words,
    logWords: last.logWords + one.logWords,
    capitals: last.capitals + one.capitals,
    ended: last.ended + one.ended,
  }
  return [...days.slice(0, -1), sum]
}
