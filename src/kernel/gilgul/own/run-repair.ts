import { spawn } from 'node:child_process'
import { closeSync } from 'node:fs'
import { milliseconds } from '#kernel/config'
import type { FailureCause } from '#protocol'
import { openLog } from '../keeping/log-file.ts'
import type { Repair } from '../keeping/mending.ts'

export interface RepairSurroundings {
  readonly folder: string
  readonly environment: Readonly<Record<string, string>>
  /** Of the service: what the program says goes there. */
  readonly logPath: string
  readonly cause: FailureCause
  /** Ends it by force. */
  readonly signal: AbortSignal
}

/**
 * Runs a program of the owner about a death, with RUNA_CAUSE in its environment, and no longer than it may take. Never
 * rejects: resolves with what became of it, in a sentence.
 */
export async function runRepair(
  { run: [program = '', ...words], timeoutSeconds }: Repair,
  { folder, environment, logPath, cause, signal }: RepairSurroundings,
): Promise<string> {
  const timeout = AbortSignal.timeout(milliseconds(timeoutSeconds))
  const told = (what: string) => `The program ${program}, which its owner wants run, ${what}.`
  let log: number | undefined
  try {
    log = openLog(logPath)
    const child = spawn(program, words, {
      cwd: folder,
      env: { ...environment, RUNA_CAUSE: cause },
      // A group of its own, so that force reaches what it has started.
      detached: true,
      stdio: ['ignore', log, log],
    })
    const force = () => endGroup(child.pid)
    const end = AbortSignal.any([signal, timeout])
    end.addEventListener('abort', force, { once: true })
    return await new Promise((resolve) => {
      child.once('error', ({ message }) => resolve(told(`could not be started: ${message}`)))
      child.once('exit', (code, killed) => {
        end.removeEventListener('abort', force)
        const isLate = timeout.aborted && killed === 'SIGKILL'
        resolve(
          told(isLate ? `was ended after ${timeoutSeconds} s` : `ended with ${killed ?? `status ${code}`}`),
        )
      })
    })
  } catch (error) {
    return told(`could not be started: ${error instanceof Error ? error.message : error}`)
  } finally {
    if (log !== undefined) closeSync(log)
  }
}

function endGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL')
  } catch {
    // Nobody of its group is left.
  }
}
