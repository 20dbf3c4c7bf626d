import { BIRTH } from '../ancestry/birth-names.ts'
import type { Told } from './history.ts'

/** How a gilgul came to be: the first of a world, the next after one that died, or the first of a new coven. */
export function describeRise(
  environment: Readonly<Record<string, string | undefined>>,
  goesOn: boolean,
): Told {
  const base = { service: 'gilgul', pid: process.pid }
  if (!goesOn) return { ...base, kind: 'began', text: 'It begins anew, and starts everything.' }
  const isFirstOfAncestor = Number(environment[BIRTH.restarts] ?? 0) === 0
  if (isFirstOfAncestor && (environment[BIRTH.successions] ?? '[]') !== '[]') {
    const text = 'coven had died; the gilgul of then took its place. This one takes up what runs.'
    return { ...base, kind: 'succeeded', text }
  }
  return { ...base, kind: 'took-over', text: 'The gilgul before it has died. It takes up what runs.' }
}
