import { meant } from '../spelling.ts'
import type { Mistake, Place } from '../yaml-file.ts'

/** A service, and which ones it needs. */
export interface Needing {
  readonly name: string
  readonly needs?: readonly string[] | undefined
}

/** What a file says of a service; nothing where it could not be read. */
interface Read {
  readonly service?: Needing
  readonly at: Place
}

/** What is needed and not there, and circles of needs. `others`: services that no file describes. */
export function mistakesInNeeds(read: readonly Read[], others: readonly Needing[]): Mistake[] {
  const all = [...read.flatMap(({ service }) => service ?? []), ...others]
  return read.flatMap((one) => mistakesOf(one, all))
}

function mistakesOf({ service, at }: Read, all: readonly Needing[]): Mistake[] {
  if (!service) return []
  const known = all.map(({ name }) => name)
  const unknown = (service.needs ?? []).flatMap((need, index) => {
    if (known.includes(need)) return []
    const likely = meant(need, known)
    const hint = likely === undefined ? '' : `. Did you mean ${likely}?`
    return [at(['needs', index], `there is no service '${need}'${hint}`)]
  })
  const isInCircle = needsOf(service.name, all).has(service.name)
  return isInCircle ? [...unknown, at(['needs'], `${service.name} needs itself, by way of others`)] : unknown
}

/** All that it needs, also by way of others. */
function needsOf(name: string, all: readonly Needing[]): Set<string> {
  const directly = (wanted: string) =>
    all.flatMap((one) => (one.name === wanted ? [...(one.needs ?? [])] : []))
  const found = new Set<string>()
  const ahead = directly(name)
  for (let next = ahead.pop(); next !== undefined; next = ahead.pop()) {
    if (found.has(next)) continue
    found.add(next)
    ahead.push(...directly(next))
  }
  return found
}
