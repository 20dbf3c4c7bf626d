import { RunaError } from '#protocol'
import { momentsOf } from '../moments.ts'

const UNITS_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/**
 * Milliseconds since 1970: `10m`, `90s`, `2h` or `3d` before now, a day, or a moment such as 2026-01-31T12:00. Throws
 * BAD_INPUT.
 */
export function parseSince(text: string, nowMs: number): number {
  const [, amount = '', unit = ''] = /^(\d{1,6})([smhd])$/.exec(text) ?? []
  if (amount !== '') return nowMs - Number(amount) * (UNITS_MS[unit] ?? 0)
  try {
    return momentsOf({ from: text }).from ?? 0
  } catch (cause) {
    const message = `--since takes 90s, 10m, 2h, 3d, or a day such as 2026-01-31, and not '${text}'.`
    throw new RunaError('BAD_INPUT', message, { cause })
  }
}

/** `2026-01-31 12:00:00.123`, in UTC, as the lines themselves have it. */
export function formatMoment(at: number): string {
  return new Date(at).toISOString().replace('T', ' ').slice(0, 23)
}
