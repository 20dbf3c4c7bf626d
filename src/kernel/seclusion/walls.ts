import { programPath } from '#kernel/home'
import { type LandlockRules, type Seclusion, secludedWords } from '#kernel/sys'
import { assembleCallFilter, type CallFilterOptions } from './call-filter.ts'

export interface Walls extends LandlockRules, CallFilterOptions, Pick<Seclusion, 'title' | 'descriptors'> {}

/**
 * How a program is started so that the kernel keeps it within these walls. No process stands between: it has the number,
 * the descriptors and the input and output of who was started. Throws RangeError where `missingPowers` is not empty.
 */
export function withinWalls(
  { title, descriptors, sockets, ...rules }: Walls,
  words: readonly string[],
): readonly [string, ...string[]] {
  const filter = assembleCallFilter(process.arch, { sockets })
  if (filter === undefined) throw new RangeError(`No filter for calls is known for ${process.arch}.`)
  const program = programPath('kernel/sys/seclude/main.js')
  return secludedWords(program, { title, descriptors, rules, filter: filter.toString('base64') }, words)
}
