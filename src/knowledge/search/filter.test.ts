import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Comparator, type Filter, type FilterValue, fitsFilter } from './filter.ts'
import { readFilter, readFilterJson } from './filter-json.ts'
import { parseFilter, printFilter } from './filter-parser.ts'

const PLAIN = { noNullPrototype: true } as const
const finite = fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => number + 0)
const moments = fc.constantFrom(
  '2020-01-01',
  '2024-02-29',
  '2024-02-29T12:30:00Z',
  '2024-02-29T13:30:00+02:00',
)
const values: fc.Arbitrary<FilterValue> = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 8 }),
  fc.integer({ min: -3, max: 3 }),
  finite,
  fc.boolean(),
  moments,
)
const fields = fc.oneof(
  fc.constantFrom('year', 'lang', 'draft', 'and', 'true', 'an odd `name`', 'größe'),
  fc.string({ unit: 'binary', maxLength: 6 }),
)
const comparators = fc.constantFrom<Comparator>('=', '!=', '<', '<=', '>', '>=')

const { filter: filters } = fc.letrec<{ filter: Filter }>((tie) => ({
  filter: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.record({ op: comparators, field: fields, value: values }, PLAIN),
    fc.record(
      {
        op: fc.constant('in' as const),
        field: fields,
        values: fc.array(values, { minLength: 1, maxLength: 3 }),
      },
      PLAIN,
    ),
    fc.record(
      {
        op: fc.constantFrom('and' as const, 'or' as const),
        filters: fc.array(tie('filter'), { minLength: 2, maxLength: 3 }),
      },
      PLAIN,
    ),
    fc.record({ op: fc.constant('not' as const), filter: tie('filter') }, PLAIN),
  ),
}))

const fits = (text: string, document: Readonly<Record<string, unknown>>) =>
  fitsFilter(parseFilter(text), (field) => document[field])

test('what is printed parses to the same filter', () => {
  fc.assert(
    fc.property(filters, (filter) => {
      const text = printFilter(filter)
      fc.pre(text.length <= 4_096)
      assert.deepEqual(parseFilter(text), filter)
    }),
  )
})

test('the same filter comes as JSON', () => {
  fc.assert(
    fc.property(filters, (filter) => {
      assert.deepEqual(readFilterJson(JSON.parse(JSON.stringify(filter))), filter)
    }),
  )
})

test('any text is either a filter or refused with its column', () => {
  const pieces = fc.constantFrom(
    'year',
    ' ',
    '=',
    '<=',
    '"en"',
    "'x",
    '(',
    ')',
    'and',
    'in',
    'not',
    '1',
    ',',
    '#',
    '`',
  )
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(pieces).map((parts) => parts.join(' ')),
      ),
      (text) => {
        try {
          parseFilter(text)
        } catch (error) {
          assert.match(String(error), /^RunaError: The filter, column \d+: /)
        }
      },
    ),
  )
})

/** The language over numbers alone, as a table of truth would have it. */
function naive(filter: Filter, document: Readonly<Record<string, number>>): boolean {
  if (filter.op === 'and' || filter.op === 'or') {
    const fitting = filter.filters.filter((part) => naive(part, document))
    return fitting.length >= (filter.op === 'or' ? 1 : filter.filters.length)
  }
  if (filter.op === 'not') return !naive(filter.filter, document)
  const found = document[filter.field]
  if (filter.op === 'in') return filter.values.some((value) => value === found)
  if (found === undefined) return filter.op === '!='
  const value = filter.value as number
  const truths = { '=': found === value, '!=': found !== value, '<': found < value, '<=': found <= value }
  return { ...truths, '>': found > value, '>=': found >= value }[filter.op]
}

test('a filter means what its parts mean', () => {
  const numbers = fc.integer({ min: 0, max: 3 })
  const names = fc.constantFrom('a', 'b', 'c')
  const { numeric } = fc.letrec<{ numeric: Filter }>((tie) => ({
    numeric: fc.oneof(
      { maxDepth: 4 },
      fc.record({ op: comparators, field: names, value: numbers }),
      fc.record({
        op: fc.constant('in' as const),
        field: names,
        values: fc.array(numbers, { minLength: 1 }),
      }),
      fc.record({
        op: fc.constantFrom('and' as const, 'or' as const),
        filters: fc.array(tie('numeric'), { minLength: 2, maxLength: 3 }),
      }),
      fc.record({ op: fc.constant('not' as const), filter: tie('numeric') }),
    ),
  }))
  const documents = fc.record({ a: numbers, b: numbers }, { requiredKeys: [] })
  fc.assert(
    fc.property(numeric, documents, (filter, document) => {
      const found = document as Record<string, number>
      assert.equal(
        fitsFilter(filter, (field) => found[field]),
        naive(filter, found),
      )
    }),
  )
})

test('not binds most, then and, then or', () => {
  assert.deepEqual(
    parseFilter('a = 1 or not b = 2 and c = 3'),
    parseFilter('a = 1 or ((not b = 2) and c = 3)'),
  )
  assert.ok(fits('a = 1 or a = 2 and a = 3', { a: 1 }))
})

test('dates are compared as moments, numbers in quotation marks as numbers', () => {
  assert.ok(fits('date >= 2024-01-01 and date < 2025-01-01', { date: '2024-06-30T08:00:00+02:00' }))
  assert.ok(fits('date = "2024-02-29T12:30:00Z"', { date: '2024-02-29T14:30:00+02:00' }))
  assert.ok(fits('year > 2019', { year: '2020' }))
  assert.ok(!fits('year > 2019', { year: 'soon' }))
})

test('a list fits when one of its items does, and a missing field only where it is denied', () => {
  assert.ok(fits('tags = "sea"', { tags: ['ship', 'sea'] }))
  assert.ok(fits('tags in ("sea", "sky")', { tags: ['ship', 'sea'] }))
  assert.ok(!fits('tags != "sea"', { tags: ['ship', 'sea'] }))
  assert.ok(!fits('lang < "z"', {}))
  assert.ok(fits('lang != "en" and not lang = "en"', {}))
})

test('what is wrong is named with its column', () => {
  const faults: readonly (readonly [string, number, RegExp])[] = [
    ['', 1, /name of a field, not the end/],
    ['year', 5, /expected one of .* after year, not the end/],
    ['year = en', 8, /quotation marks/],
    ['year = 1 and', 13, /name of a field/],
    ['year = 1 lang = 2', 10, /`and`, `or` or the end/],
    ['(year = 1', 10, /expected \)/],
    ['year in 3', 9, /expected \(/],
    ['year = "x', 8, /never closed/],
    ['year = "\\q"', 8, /escape/],
    ['year ~ 3', 6, /no meaning/],
    ['year = 1e999', 8, /too large/],
    [`${'('.repeat(40)}a = 1`, 33, /32 levels/],
    [`a in (${'1,'.repeat(600)}1)`, 1029, /512 conditions/],
    ['x'.repeat(4_097), 4_097, /4096 characters/],
  ]
  for (const [text, column, what] of faults) {
    assert.throws(
      () => parseFilter(text),
      (error: Error & { code?: string }) => {
        assert.equal(error.code, 'FILTER_INVALID')
        assert.match(error.message, what)
        assert.match(error.message, new RegExp(`column ${column}:`), text.slice(0, 20))
        return true
      },
    )
  }
})

test('JSON that is no filter is refused where it is wrong', () => {
  const nested = (depth: number): unknown =>
    depth === 0 ? { op: '=', field: 'a', value: 1 } : { op: 'not', filter: nested(depth - 1) }
  const faults: readonly unknown[] = [
    {},
    { op: 'and', filters: [{ op: '=', field: 'a', value: 1 }] },
    { op: '=', field: 'a', value: null },
    { op: '=', field: 'a', value: 1, also: 2 },
    { op: 'in', field: 'a', values: [] },
    { op: 'not', filter: [] },
    nested(10_000),
  ]
  for (const fault of faults) assert.throws(() => readFilterJson(fault), { code: 'FILTER_INVALID' })
  assert.throws(() => readFilter({ op: 'not', filter: { op: '~' } }), { message: /at \.filter\.field/ })
})
