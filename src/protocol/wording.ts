import type * as z from 'zod'

type RawIssue = z.core.$ZodRawIssue

/**
 * What is wrong with a field, in words that follow its name: `question: is empty`. Never its content. Undefined where
 * zod says it well enough. A message that a schema brings of its own goes before this.
 */
export function wordIssue(issue: RawIssue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      return issue.input === undefined ? 'is missing' : `must be ${typeWords(issue.expected)}`
    case 'too_small':
      return tooSmall(issue.origin, Number(issue.minimum), issue.inclusive !== false)
    case 'too_big':
      return tooBig(issue.origin, Number(issue.maximum), issue.inclusive !== false)
    case 'invalid_value':
      return `must be one of ${issue.values.map(String).join(', ')}`
    case 'unrecognized_keys':
      return `has no field ${issue.keys.map((key) => `'${key}'`).join(' nor ')}`
    case 'invalid_format':
      return FORMATS[issue.format]
    default:
      return undefined
  }
}

const FORMATS: Readonly<Record<string, string>> = { uuid: 'is no UUID', url: 'is no address of the web' }

const TYPES: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
}

function typeWords(expected: string): string {
  return TYPES[expected] ?? `of the type ${expected}`
}

/** What a size counts, by the kind of value that has it. A number is its own size. */
const COUNTED: Readonly<Record<string, string>> = { string: 'characters', array: 'entries' }

function tooSmall(origin: string, minimum: number, inclusive: boolean): string {
  const counted = COUNTED[origin]
  if (counted !== undefined) return minimum === 1 ? 'is empty' : `has fewer than ${minimum} ${counted}`
  return inclusive ? `is less than ${minimum}` : `is not more than ${minimum}`
}

function tooBig(origin: string, maximum: number, inclusive: boolean): string {
  const counted = COUNTED[origin]
  if (counted !== undefined) return `has more than ${maximum} ${counted}`
  return inclusive ? `is more than ${maximum}` : `is not less than ${maximum}`
}
