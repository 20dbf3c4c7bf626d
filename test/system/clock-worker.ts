// Loaded before everything else (node --import) by every process of a Runa: it lives RUNA_TEST_CLOCK_MS ahead of its time,
// and so does whatever it starts.
import childProcess from 'node:child_process'
import { syncBuiltinESMExports } from 'node:module'

const { NODE_OPTIONS = '', RUNA_TEST_CLOCK_MS = '0' } = process.env
const aheadMs = Number(RUNA_TEST_CLOCK_MS)
const RealDate = Date
const now = RealDate.now

function ShiftedDate(...given: readonly number[]): Date | string {
  if (!new.target) return new RealDate(now() + aheadMs).toString()
  return given.length === 0
    ? Reflect.construct(RealDate, [now() + aheadMs], new.target)
    : Reflect.construct(RealDate, given, new.target)
}
ShiftedDate.prototype = RealDate.prototype
RealDate.prototype.constructor = ShiftedDate as unknown as DateConstructor
globalThis.Date = Object.assign(ShiftedDate, {
  now: () => now() + aheadMs,
  parse: RealDate.parse,
  UTC: RealDate.UTC,
}) as unknown as DateConstructor

// Services get no more of the environment than they need, and this is none of it.
const { spawn } = childProcess
type Options = childProcess.SpawnOptions
Object.assign(childProcess, {
  spawn: (command: string, words: readonly string[], options: Options = {}) =>
    spawn(command, words, {
      ...options,
      env: { ...(options.env ?? process.env), NODE_OPTIONS, RUNA_TEST_CLOCK_MS },
    }),
})
syncBuiltinESMExports()
