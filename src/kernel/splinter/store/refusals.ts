import { RunaError } from '#protocol'
import { INTEGER_TYPE, TYPE, TYPE_MASK } from './slot-fields.ts'

export function refuseInteger(words: Int32Array, slot: number): void {
  if (((words[slot + TYPE] ?? 0) & TYPE_MASK) !== INTEGER_TYPE) return
  throw new RunaError('BAD_INPUT', 'This key holds a number, not bytes.')
}

export function tooLong(sizeBytes: number, fitting: number): RunaError {
  return new RunaError('BAD_INPUT', `A value of ${sizeBytes} bytes is too long: ${fitting} fit.`)
}
