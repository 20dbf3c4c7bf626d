import { RunaError } from '#protocol'
import { areBytes, noBytes } from '../segment/bytes.ts'
import { INTEGER_TYPE, TYPE, TYPE_MASK } from './store-words.ts'

export function refuseInteger(words: Int32Array, slot: number): void {
  if (((words[slot + TYPE] ?? 0) & TYPE_MASK) !== INTEGER_TYPE) return
  throw new RunaError('BAD_INPUT', 'This key holds a number, not bytes.')
}

/** Throws BAD_INPUT for what is no bytes, or too many. */
export function refuseUnfit(value: Uint8Array, fitting: number): void {
  if (!areBytes(value)) throw noBytes()
  if (!(value.length <= fitting)) throw tooLong(value.length, fitting)
}

export function tooLong(sizeBytes: number, fitting: number): RunaError {
  return new RunaError('BAD_INPUT', `A value of ${sizeBytes} bytes is too long: ${fitting} fit.`)
}

/** Throws BAD_INPUT for what is no bigint, as a caller without types may give it. */
export function checkInteger(number: bigint): bigint {
  if (typeof number === 'bigint') return number
  throw new RunaError('BAD_INPUT', `${String(number)} is no bigint, such as 1n.`)
}

/** Throws BAD_INPUT for a key, or the beginning of one, that is no text. */
export function checkText(text: string): string {
  if (typeof text === 'string') return text
  throw new RunaError('BAD_INPUT', `Keys are texts; ${String(text)} is none.`)
}
