import { meant } from '../spelling.ts'
import type { Mistake, Place } from '../yaml-file.ts'
import type { OwnService } from './own-service.ts'

interface Read {
  readonly service?: Pick<OwnService, 'name' | 'needs'>
  readonly at: Place
}

/** What is needed and not there, and circles of needs. `taken`: names of Runa's own. */
export function mistakesInNeeds(read: readonly Read[], taken: readonly string[]): Mistake[] {
  const all = read.flatMap(({ service }) => service ?? [])
  return read.flatMap((one) => mistakesOf(one, all, taken))
}

function mistakesOf({ service, at }: Read, all: readonly Needing[], taken: readonly string[]): Mistake[] {
  if (!service) return []
  const known = [...taken, ...all.map(({ name }) => name)]
  const unknown = (service.needs ?? []).flatMap((need, index) => {
    if (known.includes(need)) return []
    const likely = meant(need, known)
    const hint = likely === undefined ? '' : `. Did you mean ${likely}?`
    return [at(['needs', index], `there is no service '${need}'${hint}`)]
  })
  const isInCircle = needsOf(service, all).has(service.name)
  return isInCircle ? [...unknown, at(['needs'], `${service.name} needs itself, by way of others`)] : unknown
}

export interface Needing {
  readonly name: string
  readonly needs?: readonly string[] | undefined
}

/** All that it needs, also by way of others. */
export function needsOf(from: Needing, all: readonly Needing[]): Set<string> {
  const found = new Set<string>()
  const ahead = [...(from.needs ?? [])]
  for (let next = ahead.pop(); next !== undefined; next = ahead.pop()) {
    if (found.has(next)) continue
    found.add(next)
    ahead.push(...(all.find(({ name }) => name === next)?.needs ?? []))
  }
  return found
}
