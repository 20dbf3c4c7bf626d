import { VALUE_TYPES, type ValueType } from '#kernel/splinter'
import { RunaError } from '#protocol'

const LABEL_MAX = 63
const SIZE_BYTES_MAX = 4 * 2 ** 30 - 4_096
const UNITS_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const

// What people type for sizes, times and numbers. All of these throw BAD_INPUT and say what was expected.

/** `65536`, `64K`, `8M`, `1G`: in powers of 1,024, as memory is measured. */
export function readSize(option: string, text: string): number {
  const [, count = '', unit = ''] = /^(\d{1,10})([KMG]?)$/i.exec(text) ?? []
  const power = ['', 'K', 'M', 'G'].indexOf(unit.toUpperCase())
  const sizeBytes = Number(count) * 1_024 ** power
  if (count !== '' && sizeBytes <= SIZE_BYTES_MAX) return sizeBytes
  throw new RunaError(
    'BAD_INPUT',
    `${option} takes a size such as 65536, 64K or 8M, below 4G, and not '${text}'.`,
  )
}

/** `500ms`, `30s`, `5m`, `2h`, `7d`; undefined for `never`. */
export function readDuration(text: string): number | undefined {
  if (text === 'never') return undefined
  const [, count = '', unit = ''] = /^(\d{1,9}(?:\.\d{1,3})?)(ms|s|m|h|d)$/.exec(text) ?? []
  const durationMs = Number(count) * (UNITS_MS[unit as keyof typeof UNITS_MS] ?? 0)
  if (durationMs > 0) return durationMs
  throw new RunaError(
    'BAD_INPUT',
    `A time is such as 500ms, 30s, 5m, 2h or 7d, or \`never\`, and not '${text}'.`,
  )
}

/** `3,17`: numbers of labels. */
export function readLabels(option: string, text: string): number[] {
  const labels = text.split(',').map((label) => (/^\d{1,2}$/.test(label.trim()) ? Number(label) : Number.NaN))
  if (labels.every((label) => label <= LABEL_MAX)) return labels
  throw new RunaError(
    'BAD_INPUT',
    `${option} takes numbers from 0 to ${LABEL_MAX} such as 3,17, and not '${text}'.`,
  )
}

/** A whole number of any size, in digits or as 0x…; what fits, the bus knows. */
export function readInteger(text: string): bigint {
  const [, sign, digits] = /^(-?)(\d{1,20}|0x[0-9a-f]{1,16})$/i.exec(text) ?? []
  if (digits !== undefined) return sign === '-' ? -BigInt(digits) : BigInt(digits)
  throw new RunaError('BAD_INPUT', `A whole number was expected, such as -5 or 0xff, and not '${text}'.`)
}

/** A number from 0 to 1. */
export function readStrength(option: string, text: string): number {
  const value = Number(text)
  if (/^\d*\.?\d+$/.test(text) && value <= 1) return value
  throw new RunaError('BAD_INPUT', `${option} takes a number from 0 to 1, and not '${text}'.`)
}

/** Of a value that holds bytes: only counting makes an `integer`. Throws BAD_INPUT. */
export function readType(text: string): ValueType {
  return readChoice(
    'A type',
    text,
    VALUE_TYPES.filter((type) => type !== 'integer'),
  )
}

/** One of a few words. */
export function readChoice<Choice extends string>(
  what: string,
  text: string,
  choices: readonly Choice[],
): Choice {
  const found = choices.find((choice) => choice === text)
  if (found !== undefined) return found
  throw new RunaError('BAD_INPUT', `${what} is one of ${choices.join(', ')}, and not '${text}'.`)
}
