import * as z from 'zod'
import { VALUE_TYPES, type ValueType } from '#kernel/splinter'
import { RunaError } from '#protocol'
import { carried, carry } from './values.ts'

/** One key of a store with everything that is kept of it, but for who watches it and how often it was written. */
export interface Entry {
  readonly key: string
  readonly type: ValueType
  /** A bigint for a whole number. */
  readonly value: Uint8Array | bigint
  /** Bit by bit. */
  readonly labels: bigint
  /** Milliseconds since 1970. */
  readonly expiresAt?: number | undefined
  readonly decay?: { readonly halfLifeMs: number; readonly threshold: number } | undefined
}

const LABELS = 64
const INTEGER_MIN = -(2n ** 63n)
const INTEGER_MAX = 2n ** 63n - 1n

const lineSchema = z
  .strictObject({
    key: z.string().min(1),
    type: z.enum(VALUE_TYPES),
    text: z.string().optional(),
    base64: z.string().optional(),
    integer: z
      .string()
      .regex(/^-?\d{1,19}$/)
      .optional(),
    labels: z
      .array(
        z
          .int()
          .min(0)
          .max(LABELS - 1),
      )
      .optional(),
    expiresAt: z.number().positive().optional(),
    decay: z
      .strictObject({ halfLifeMs: z.number().positive(), threshold: z.number().min(0).max(1) })
      .optional(),
  })
  .refine(
    ({ text, base64, integer }) => [text, base64, integer].filter((one) => one !== undefined).length === 1,
    {
      error: 'has one of text, base64 and integer',
    },
  )
  .refine(({ type, integer }) => (type === 'integer') === (integer !== undefined), {
    error: 'is of type integer, or has none',
  })

type Line = z.infer<typeof lineSchema>

/** One line of JSON, without its end. */
export function encodeEntry({ key, type, value, labels, expiresAt, decay }: Entry): string {
  const line: Line = {
    key,
    type,
    ...(typeof value === 'bigint' ? { integer: String(value) } : carry(value)),
    ...(labels === 0n ? {} : { labels: labelsOf(labels) }),
    ...(expiresAt === undefined ? {} : { expiresAt }),
    ...(decay === undefined ? {} : { decay }),
  }
  return JSON.stringify(line)
}

/** The numbers of the labels in a mask. */
export function labelsOf(mask: bigint): number[] {
  return Array.from({ length: LABELS }, (_, label) => label).filter((label) => (mask >> BigInt(label)) & 1n)
}

export function maskOf(labels: readonly number[]): bigint {
  return labels.reduce((mask, label) => mask | (1n << BigInt(label)), 0n)
}

/** Reads all lines, or none: throws BAD_INPUT with the number of the first that is wrong. Empty lines are passed over. */
export function decodeEntries(bytes: Buffer): Entry[] {
  const entries: Entry[] = []
  const known = new Set<string>()
  let start = 0
  for (let number = 1; start < bytes.length; number += 1) {
    const end = bytes.indexOf(10, start)
    const stop = end < 0 ? bytes.length : end
    const text = bytes.toString('utf8', start, stop).trim()
    start = stop + 1
    if (text === '') continue
    const entry = decodeLine(text, number)
    if (known.has(entry.key)) throw wrong(number, `'${entry.key}' was there before`)
    known.add(entry.key)
    entries.push(entry)
  }
  return entries
}

function decodeLine(text: string, number: number): Entry {
  const { data: line, error } = lineSchema.safeParse(parse(text, number))
  if (error) {
    const [issue] = error.issues
    throw wrong(number, `${issue?.path.join('.') ?? ''} ${issue?.message ?? 'is not understood'}`.trim())
  }
  const { key, type, labels = [], expiresAt, decay } = line
  return { key, type, value: valueIn(line, number), labels: maskOf(labels), expiresAt, decay }
}

function parse(text: string, number: number): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw wrong(number, 'it is no JSON')
  }
}

function valueIn({ text, base64 = '', integer }: Line, number: number): Uint8Array | bigint {
  if (integer !== undefined) {
    const value = BigInt(integer)
    if (value >= INTEGER_MIN && value <= INTEGER_MAX) return value
    throw wrong(number, `${integer} does not fit into 64 bits`)
  }
  try {
    return carried(text === undefined ? { base64 } : { text })
  } catch (cause) {
    throw wrong(number, 'its value is no base64', cause)
  }
}

function wrong(number: number, what: string, cause?: unknown): RunaError {
  return new RunaError('BAD_INPUT', `Line ${number} cannot be imported: ${what}. Nothing was changed.`, {
    cause,
  })
}
