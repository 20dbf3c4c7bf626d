import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Orders } from './worker.ts'

const WORKER = fileURLToPath(new URL('worker.js', import.meta.url))
const ANSWER_MS = 60_000

/** A process that measures. */
export interface Hand {
  /** Rejects where the other process could not do it, or took a minute. */
  ask<Name extends keyof Orders>(name: Name, order: Orders[Name]): Promise<number>
  end(): Promise<void>
}

export function hire(): Hand {
  const child = fork(WORKER, { execArgv: ['--expose-gc'], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  return {
    async ask(name, order) {
      if (hasEnded(child)) throw new Error('its process has ended')
      child.send({ name, order })
      const done = new AbortController()
      const signal = AbortSignal.any([done.signal, AbortSignal.timeout(ANSWER_MS)])
      const death = once(child, 'exit', { signal }).then(() => [{ error: 'its process has ended' }])
      death.catch(() => {})
      const [reply] = await Promise.race([once(child, 'message', { signal }), death]).finally(() => done.abort())
      const { answer, error } = reply as { answer?: number; error?: string }
      if (answer === undefined) throw new Error(error)
      return answer
    },
    end: () => end(child),
  }
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null
}

async function end(child: ChildProcess): Promise<void> {
  if (hasEnded(child)) return
  const exit = once(child, 'exit')
  child.kill('SIGKILL')
  await exit
}
