/** Dates are strings in ISO 8601, and are compared as moments. */
export type FilterValue = string | number | boolean

export type Comparator = '=' | '!=' | '<' | '<=' | '>' | '>='

/** A condition on the fields of a document. This is also its form as JSON. */
export type Filter =
  | { readonly op: Comparator; readonly field: string; readonly value: FilterValue }
  | { readonly op: 'in'; readonly field: string; readonly values: readonly FilterValue[] }
  | { readonly op: 'and'; readonly filters: readonly Filter[] }
  | { readonly op: 'or'; readonly filters: readonly Filter[] }
  | { readonly op: 'not'; readonly filter: Filter }

export const COMPARATORS: readonly Comparator[] = ['=', '!=', '<=', '<', '>=', '>']

export const FILTER_LENGTH_MAX = 4_096
export const FILTER_DEPTH_MAX = 32
/** Conditions and values in lists, together. */
export const FILTER_SIZE_MAX = 512

/** Gives the value of a field, or undefined where the document has none. */
export type FieldLookup = (field: string) => unknown

/**
 * Whether a document fits. A field that holds a list fits when one of its items does; a field that is missing, or of
 * another type than the value, fits nothing. `!=` is always the opposite of `=`.
 */
export function fitsFilter(filter: Filter, lookup: FieldLookup): boolean {
  switch (filter.op) {
    case 'and':
      return filter.filters.every((part) => fitsFilter(part, lookup))
    case 'or':
      return filter.filters.some((part) => fitsFilter(part, lookup))
    case 'not':
      return !fitsFilter(filter.filter, lookup)
    case 'in':
      return filter.values.some((value) => compareField(lookup(filter.field), '=', value))
    case '!=':
      return !compareField(lookup(filter.field), '=', filter.value)
    default:
      return compareField(lookup(filter.field), filter.op, filter.value)
  }
}

function compareField(found: unknown, comparator: Comparator, value: FilterValue): boolean {
  const items: readonly unknown[] = Array.isArray(found) ? found : [found]
  return items.some((item) => {
    const order = orderOf(item, value)
    if (order === undefined) return false
    if (comparator === '=') return order === 0
    if (comparator === '<') return order < 0
    if (comparator === '<=') return order <= 0
    return comparator === '>' ? order > 0 : order >= 0
  })
}

/** Below 0 where `found` comes first; undefined where the two cannot be compared. */
function orderOf(found: unknown, value: FilterValue): number | undefined {
  if (typeof found === 'string' && typeof value === 'string') {
    const [foundMs, valueMs] = [momentOf(found), momentOf(value)]
    if (foundMs !== undefined && valueMs !== undefined) return foundMs - valueMs
    return found === value ? 0 : found < value ? -1 : 1
  }
  if (typeof found === 'boolean' && typeof value === 'boolean') return Number(found) - Number(value)
  // Front matter says `year: "2020"` as often as `year: 2020`, and means the same.
  const [left, right] = [numberOf(found), numberOf(value)]
  return left === undefined || right === undefined ? undefined : left - right
}

function numberOf(value: unknown): number | undefined {
  if (typeof value === 'number') return value
  return typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value) ? Number(value) : undefined
}

export const ISO_DATE = /\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?/

const WHOLE_ISO_DATE = new RegExp(`^${ISO_DATE.source}$`)

/** Milliseconds since 1970; without a zone, in UTC, so that an answer does not depend on where the machine stands. */
function momentOf(text: string): number | undefined {
  if (!WHOLE_ISO_DATE.test(text)) return undefined
  const zoned = /T|\s/.test(text) && !/(?:Z|[+-]\d{2}:?\d{2})$/.test(text) ? `${text}Z` : text
  const moment = Date.parse(zoned.replace(' ', 'T'))
  return Number.isNaN(moment) ? undefined : moment
}
