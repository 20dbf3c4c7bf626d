import { RunaError } from '#protocol'

/** A whole number from 0 to `max`; undefined where it is not given. Throws BAD_INPUT, which names the parameter. */
export function numberIn(text: string | undefined, name: string, max: number): number | undefined {
  if (text === undefined) return undefined
  const value = Number(text)
  if (!/^\d{1,15}$/.test(text) || value > max) {
    throw new RunaError('BAD_INPUT', `${name}: a whole number from 0 to ${max}`)
  }
  return value
}

/** Throws BAD_INPUT where it is not given, or empty. */
export function textIn(text: string | undefined, name: string): string {
  if (!text) throw new RunaError('BAD_INPUT', `${name}: is missing in the address`)
  return text
}
