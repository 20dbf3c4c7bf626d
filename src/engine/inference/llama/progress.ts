import { RunaError } from '#protocol'
import type { Queue } from './queue.ts'

/** That something was read or made, for whoever doubts it. */
export interface Progress {
  /** To be called with each token, and each piece of a prompt. */
  happened(): void
  /** Waits for somebody else, such as who reads an answer: that is no standstill of the engine. */
  outside<Value>(work: Promise<Value>): Promise<Value>
  /** Resolves with the next one, or where somebody else is waited for. Rejects with CANCELLED by the signal. */
  next(signal: AbortSignal): Promise<void>
}

export function createProgress(): Progress {
  const waiting = new Set<() => void>()
  let outsiders = 0

  function happened(): void {
    for (const resolve of waiting) resolve()
    waiting.clear()
  }

  return {
    happened,
    async outside(work) {
      outsiders += 1
      happened()
      try {
        return await work
      } finally {
        outsiders -= 1
      }
    },
    next: (signal) =>
      new Promise((resolve, reject) => {
        const give = () => {
          waiting.delete(resolve)
          reject(new RunaError('CANCELLED', undefined, { cause: signal.reason }))
        }
        if (signal.aborted) return give()
        if (outsiders > 0) return resolve()
        waiting.add(resolve)
        signal.addEventListener('abort', give, { once: true })
      }),
  }
}

/**
 * Resolves once the engine has made something: for this where nobody is there, else for whoever is. Nobody waits for more
 * than one token because of it.
 */
export async function proveProgress(
  queue: Queue,
  progress: Progress,
  makeToken: () => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const leave = queue.enterIfFree()
  if (!leave) return await progress.next(signal)
  // It stays in where it is stuck: whoever comes then would be stuck as well.
  const made = makeToken().then(progress.happened).finally(leave)
  await Promise.race([made, progress.next(signal)])
}
