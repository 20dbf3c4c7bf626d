import type * as z from 'zod'
import { type Contract, isSensitive, type Operation } from './contract.ts'
import { quotesWords } from './errors.ts'

/** What cannot hold anything but what the contract says of it. */
const LEAF_TYPES: ReadonlySet<string> = new Set([
  'string',
  'number',
  'bigint',
  'boolean',
  'date',
  'enum',
  'literal',
  'null',
  'undefined',
  'void',
  'never',
  'template_literal',
])

/** The fields of a definition under which zod keeps the schemas that one is made of. */
interface Parts {
  readonly type: string
  readonly innerType?: z.ZodType
  readonly element?: z.ZodType
  readonly shape?: Readonly<Record<string, z.ZodType>>
  readonly options?: readonly z.ZodType[]
  readonly items?: readonly z.ZodType[]
  readonly rest?: z.ZodType | null
  readonly keyType?: z.ZodType
  readonly valueType?: z.ZodType
  readonly left?: z.ZodType
  readonly right?: z.ZodType
  readonly in?: z.ZodType
  readonly out?: z.ZodType
}

/**
 * Whether a value of this schema may hold people's words: a field of it is marked as `sensitive`, at any depth, or it
 * takes what nobody can look into. In doubt, yes.
 */
export function carriesWords(schema: z.ZodType): boolean {
  if (isSensitive(schema)) return true
  const parts = schema.def as Parts
  const inner = [
    ...(parts.options ?? []),
    ...(parts.items ?? []),
    ...Object.values(parts.shape ?? {}),
    ...[parts.innerType, parts.element, parts.rest, parts.keyType, parts.valueType],
    ...[parts.left, parts.right, parts.in, parts.out],
  ].filter((part) => part !== undefined && part !== null)
  if (inner.length > 0) return inner.some(carriesWords)
  // An object without fields lets nothing through; a list of nothing does not either.
  return !(LEAF_TYPES.has(parts.type) || parts.shape !== undefined || parts.items !== undefined)
}

const known = new WeakMap<Operation | z.ZodType, boolean>()

function remembered<Key extends Operation | z.ZodType>(key: Key, decide: (key: Key) => boolean): boolean {
  const before = known.get(key)
  if (before !== undefined) return before
  const decided = decide(key)
  known.set(key, decided)
  return decided
}

/** Whether what is asked, answered, or refused with an error may hold people's words. Decided once an operation. */
export function isOperationSensitive(operation: Operation): boolean {
  return remembered(operation, ({ input, errors, ...rest }) => {
    const answer = 'item' in rest ? rest.item : rest.output
    return carriesWords(input) || carriesWords(answer) || errors.some(quotesWords)
  })
}

/** Whether an event may hold people's words. One that the contract does not have holds nothing that anybody reads. */
export function isEventSensitive({ events }: Contract, name: string): boolean {
  const schema = Object.hasOwn(events, name) ? events[name] : undefined
  return schema !== undefined && remembered(schema, carriesWords)
}
