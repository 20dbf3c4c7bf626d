import { spawn } from 'node:child_process'
import { programPath } from '#kernel/home'
import { RunaError } from '#protocol'
import type { ModelSettings } from '../local/settings.ts'

const PROGRAM = programPath('engine/inference/trial/main.js')
/** A large model on a slow disk takes its time; one that takes longer is of no use here. */
const TIME_LIMIT_MS = 300_000
const OUTPUT_LENGTH_MAX = 4_096

/**
 * Loads a model once, in a process of its own, and lets it say or embed a little. The engine below may crash on what
 * no check of the header can find; then it takes nothing with it. Rejects with MODEL_INVALID.
 */
export async function tryOut(
  settings: ModelSettings,
  signal: AbortSignal,
  timeLimitMs = TIME_LIMIT_MS,
): Promise<void> {
  const timeLimit = AbortSignal.timeout(timeLimitMs)
  const environment = { PATH: process.env['PATH'], HOME: process.env['HOME'], MALLOC_ARENA_MAX: '1' }
  const child = spawn(process.execPath, [PROGRAM], {
    env: { ...environment, RUNA_SETTINGS: JSON.stringify(settings) },
    stdio: ['pipe', 'ignore', 'pipe'],
    signal: AbortSignal.any([signal, timeLimit]),
    killSignal: 'SIGKILL',
  })
  let words = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    words = (words + text).slice(-OUTPUT_LENGTH_MAX)
  })
  const ending = await new Promise<string | undefined>((resolve) => {
    child.once('error', (error) => resolve(error.message))
    child.once('close', (code, cause) => resolve(code === 0 ? undefined : explain(code, cause, words)))
  })
  if (signal.aborted) throw new RunaError('CANCELLED', undefined, { cause: signal.reason })
  if (timeLimit.aborted) {
    throw new RunaError(
      'MODEL_INVALID',
      `The model could not be loaded within ${timeLimitMs / 1_000} seconds.`,
    )
  }
  if (ending !== undefined)
    throw new RunaError('MODEL_INVALID', `The engine cannot use this model: ${ending}`)
}

function explain(code: number | null, signal: string | null, words: string): string {
  const last = words.trim().split('\n').at(-1)?.slice(0, 300)
  if (signal) return `it ended its process by ${signal}.`
  return last || `its process ended with status ${code}.`
}
