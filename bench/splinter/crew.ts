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
      child.send({ name, order })
      const [reply] = await once(child, 'message', { signal: AbortSignal.timeout(ANSWER_MS) })
      const { answer, error } = reply as { answer?: number; error?: string }
      if (answer === undefined) throw new Error(error)
      return answer
    },
    end: () => end(child),
  }
}

async function end(child: ChildProcess): Promise<void> {
  const exit = once(child, 'exit')
  child.kill('SIGKILL')
  await exit
}
