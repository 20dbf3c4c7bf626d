import { RunaError } from '#protocol'

/** One at a time, in the order in which they came. */
export interface Queue {
  /** Resolves with the function that lets the next one in. Rejects with BUSY, or CANCELLED by the signal. */
  enter(signal: AbortSignal): Promise<() => void>
  /** Undefined where somebody is in, or waits. */
  enterIfFree(): (() => void) | undefined
}

export function createQueue(waitingMax: number): Queue {
  const waiting: (() => void)[] = []
  let isTaken = false

  function leave(): void {
    const next = waiting.shift()
    if (next) next()
    else isTaken = false
  }

  /** Leaving twice must not let two in. */
  function leaveOnce(): () => void {
    let hasLeft = false
    return () => {
      if (!hasLeft) leave()
      hasLeft = true
    }
  }

  return {
    enterIfFree() {
      if (isTaken) return undefined
      isTaken = true
      return leaveOnce()
    },
    async enter(signal) {
      const cancelled = () => new RunaError('CANCELLED', undefined, { cause: signal.reason })
      if (signal.aborted) throw cancelled()
      if (!isTaken) {
        isTaken = true
        return leaveOnce()
      }
      if (waiting.length >= waitingMax) throw new RunaError('BUSY', `${waitingMax} requests wait already.`)
      return await new Promise((resolve, reject) => {
        const enter = () => {
          signal.removeEventListener('abort', abandon)
          resolve(leaveOnce())
        }
        const abandon = () => {
          waiting.splice(waiting.indexOf(enter), 1)
          reject(cancelled())
        }
        waiting.push(enter)
        signal.addEventListener('abort', abandon, { once: true })
      })
    },
  }
}
