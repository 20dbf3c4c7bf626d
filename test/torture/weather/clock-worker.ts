// Loaded before everything else (node --import) by every process of a Runa: hands the clock on to whatever that starts, since
// services get no more of the environment than they need.
import childProcess from 'node:child_process'
import { syncBuiltinESMExports } from 'node:module'
import { CLOCK_VARIABLES } from './clock-variables.ts'

const handedOn = Object.fromEntries(CLOCK_VARIABLES.map((name) => [name, process.env[name]]))
const { spawn } = childProcess
type Options = childProcess.SpawnOptions
Object.assign(childProcess, {
  spawn: (command: string, words: readonly string[], options: Options = {}) =>
    spawn(command, words, { ...options, env: { ...(options.env ?? process.env), ...handedOn } }),
})
syncBuiltinESMExports()
