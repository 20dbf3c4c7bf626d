import { spawn } from 'node:child_process'
import { closeSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { createPipeTransport, type Transport } from '#kernel/service'
import { createPipe, tieLeash } from '#kernel/sys'
import { RunaError } from '#protocol'

export interface ProgramOptions {
  readonly folder: string
  readonly environment: NodeJS.ProcessEnv
  /** A descriptor that it inherits under the same number, and does nothing with but hold it. */
  readonly heldFd?: number
}

/** A program of the owner, which speaks envelopes over its input and output. Its errors go where ours go. */
export interface Program {
  readonly transport: Transport
  /**
   * Resolves once it is of no use any more: it has ended, or speaks nonsense. With a sentence, which is empty where its
   * status and its own last words say more. Rejects with CONFIG_INVALID where it cannot be started.
   */
  readonly ended: Promise<{ readonly sentence: string; readonly status: number }>
  /** Ends its input, by which it is to end, and forces it after a while. */
  stop(): Promise<void>
  /** Ends it by force, and whatever it has started. */
  kill(): void
}

/** Its output may be read to its end a moment before its death is known. */
const LAST_GASP_MS = 1_000
const STOP_MS = 1_500

export function startProgram(command: readonly string[], options: ProgramOptions): Program {
  const { folder, environment, heldFd } = options
  const [file = '', ...programArguments] = command
  // Never written to: it ends with this process, and the kernel ends the program then, which may not heed its input's end.
  const { readEnd: leash, writeEnd } = createPipe()
  const child = spawn(file, programArguments, {
    cwd: folder,
    env: environment,
    // A group of its own: Ctrl-C is meant for the ancestor, and force has to reach what a script has started.
    detached: true,
    stdio: ['pipe', 'pipe', 'inherit', heldFd ?? 'ignore', leash],
  })
  if (child.pid !== undefined) tieLeash(leash, child.pid, 'SIGKILL')
  closeSync(leash)
  const { stdin, stdout } = child
  if (!stdin || !stdout) throw new RunaError('SYSTEM_CALL_FAILED', 'The program was given no pipes.')
  const transport = createPipeTransport(stdout, stdin)
  let isDead = false

  const exited = new Promise<{ sentence: string; status: number }>((resolve, reject) => {
    child.once('close', () => closeSync(writeEnd))
    child.once('error', ({ message }) => {
      reject(new RunaError('CONFIG_INVALID', `Its program could not be started: ${message}.`))
    })
    child.once('exit', (code, signal) => {
      isDead = true
      const ended = signal === null ? 'ended by itself' : `was ended by ${signal}`
      resolve({ sentence: code ? '' : `Its program ${ended}.`, status: code || 1 })
    })
  })
  const silenced = new Promise<{ sentence: string; status: number }>((resolve) => {
    transport.closed.addEventListener('abort', () => {
      const { reason } = transport.closed
      if (reason instanceof RunaError) {
        return resolve({ sentence: `Its program cannot be understood. ${reason.message}`, status: 1 })
      }
      const closed = { sentence: 'Its program has closed its output.', status: 1 }
      setTimeout(() => resolve(closed), LAST_GASP_MS).unref()
    })
  })

  function kill(): void {
    if (child.pid === undefined) return
    try {
      process.kill(-child.pid, 'SIGKILL')
    } catch {
      // Nobody of its group is left.
    }
  }

  return {
    transport,
    ended: Promise.race([exited, silenced]),
    async stop() {
      stdin.end()
      if (!isDead) await Promise.race([exited.catch(() => {}), sleep(STOP_MS, undefined, { ref: false })])
      kill()
    },
    kill,
  }
}
