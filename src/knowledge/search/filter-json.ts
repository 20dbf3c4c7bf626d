import { RunaError } from '#protocol'
import {
  COMPARATORS,
  type Comparator,
  FILTER_DEPTH_MAX,
  FILTER_SIZE_MAX,
  type Filter,
  type FilterValue,
} from './filter.ts'
import { parseFilter } from './filter-parser.ts'

/** Accepts a filter in either of its forms. Throws FILTER_INVALID. */
export function readFilter(filter: string | Readonly<Record<string, unknown>>): Filter {
  return typeof filter === 'string' ? parseFilter(filter) : readFilterJson(filter)
}

/** Checks what came as JSON; fields that are not known are refused, since they may have been meant to narrow. */
export function readFilterJson(value: unknown): Filter {
  return readNode(value, { path: '', depth: 0, budget: { left: FILTER_SIZE_MAX } })
}

interface Place {
  readonly path: string
  readonly depth: number
  /** Conditions and values that the whole filter may still have. */
  readonly budget: { left: number }
}

type Fields = Readonly<Record<string, unknown>>

function refuse({ path }: Place, what: string): never {
  throw new RunaError('FILTER_INVALID', `The filter, at ${path || 'its root'}: ${what}`)
}

function below(place: Place, name: string | number): Place {
  return { ...place, path: `${place.path}.${name}` }
}

/** A filter within `place`, where it goes one level deeper. */
function readInner(node: unknown, place: Place): Filter {
  return readNode(node, { ...place, depth: place.depth + 1 })
}

function readNode(node: unknown, place: Place): Filter {
  if (place.depth > FILTER_DEPTH_MAX) refuse(place, `a filter is at most ${FILTER_DEPTH_MAX} levels deep.`)
  const { op, ...fields } = readFields(node, place)
  if (op === 'and' || op === 'or') {
    only(fields, place, ['filters'])
    const list = readList(fields['filters'], below(place, 'filters'), 2)
    return { op, filters: list.map(([part, at]) => readInner(part, at)) }
  }
  if (op === 'not') {
    only(fields, place, ['filter'])
    return { op, filter: readInner(fields['filter'], below(place, 'filter')) }
  }
  return readCondition(op, fields, place)
}

function readCondition(op: unknown, fields: Fields, place: Place): Filter {
  const field = fields['field']
  if (typeof field !== 'string') return refuse(below(place, 'field'), 'expected the name of a field.')
  if (op === 'in') {
    only(fields, place, ['field', 'values'])
    const list = readList(fields['values'], below(place, 'values'), 1)
    return { op, field, values: list.map(([item, at]) => readValue(item, at)) }
  }
  only(fields, place, ['field', 'value'])
  const comparator = COMPARATORS.find((known) => known === op)
  if (!comparator) return refuse(below(place, 'op'), 'expected and, or, not, in or a comparison.')
  return { op: comparator as Comparator, field, value: readValue(fields['value'], below(place, 'value')) }
}

function readFields(node: unknown, place: Place): Fields {
  spend(place)
  if (typeof node === 'object' && node !== null && !Array.isArray(node)) return node as Fields
  return refuse(place, 'expected an object with `op`.')
}

function spend(place: Place): void {
  place.budget.left -= 1
  if (place.budget.left < 0) refuse(place, `a filter has at most ${FILTER_SIZE_MAX} conditions.`)
}

function only(fields: Fields, place: Place, names: readonly string[]): void {
  const stranger = Object.keys(fields).find((name) => !names.includes(name))
  if (stranger !== undefined) refuse(place, `${JSON.stringify(stranger.slice(0, 40))} is not known here.`)
}

function readList(found: unknown, place: Place, lengthMin: number): (readonly [unknown, Place])[] {
  if (Array.isArray(found) && found.length >= lengthMin) {
    return found.map((item, index) => [item, below(place, index)] as const)
  }
  return refuse(place, `expected a list of at least ${lengthMin}.`)
}

function readValue(found: unknown, place: Place): FilterValue {
  spend(place)
  if (typeof found === 'string' || typeof found === 'boolean') return found
  if (typeof found === 'number' && Number.isFinite(found)) return found
  return refuse(place, 'expected a text, a number, true or false.')
}
