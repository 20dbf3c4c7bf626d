import type { CompleterResult } from 'node:readline'
import { quoteArgument } from '#kernel/home'
import type { BusSession } from './session.ts'
import type { Verb } from './verb.ts'
import { VERBS } from './verbs.ts'

/** More are no help. */
const SHOWN_MAX = 200

/** What may be meant by a name that begins so. */
export type Names = (kind: NonNullable<Verb['names']>, beginning: string) => Promise<readonly string[]>

/** Completes verbs, their options, and the names of what is on the bus. */
export function createCompleter(session: BusSession) {
  return (line: string, answer: (error: null, result: CompleterResult) => void): void => {
    complete(line, (kind, beginning) => namesOn(session, kind, beginning))
      .catch((): CompleterResult => [[], line])
      .then((result) => answer(null, result))
  }
}

export async function complete(line: string, names: Names): Promise<CompleterResult> {
  const [, before = '', last = ''] = /^(.*?\s)?(\S*)$/s.exec(line) ?? []
  const typed = before.split(/\s+/).filter((word) => word !== '')
  const [first] = typed
  const all = [...VERBS.map(({ name }) => name), 'help', 'exit']
  if (first === undefined || (first === 'help' && typed.length === 1)) return [fitting(all, last), last]
  const verb = VERBS.find(({ name }) => name === first)
  if (!verb) return [[], last]
  if (last.startsWith('-')) return [fitting(optionsOf(verb), last), last]
  if (verb.names === undefined || (typed.length > 1 && !verb.parameters.includes('...'))) return [[], last]
  const found = await names(verb.names, last)
  return [fitting(found.filter(isTypeable).map(quoteArgument), last), last]
}

/** A key with control characters in it cannot be typed, and is not to be let loose on the terminal. */
function isTypeable(name: string): boolean {
  return !/\p{Cc}/u.test(name)
}

function fitting(words: readonly string[], beginning: string): string[] {
  const fit = words.filter((word) => word.startsWith(beginning))
  return fit.slice(0, SHOWN_MAX).map((word) => `${word} `)
}

function optionsOf({ options = [] }: Verb): string[] {
  return [...options.flatMap(([flags]) => flags.match(/--[\w-]+/g) ?? []), '--json']
}

async function namesOn(session: BusSession, kind: NonNullable<Verb['names']>, beginning: string) {
  const bus = await session.seat()
  return kind === 'key' ? bus.store.list(beginning) : bus.statistics().topics.map(({ name }) => name)
}
