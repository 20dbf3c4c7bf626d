import { RunaError } from '#protocol'

/** Threads that are just being answered. All that conversation itself knows of threads. */
export interface RunningThreads {
  /** Keeps the thread for one turn, until the function that is returned is called. Throws BUSY. */
  claim(thread: string): () => void
  /** What is still being said in it belongs nowhere any more. Returns a function that takes this back. */
  remove(thread: string): () => void
  isRemoved(thread: string): boolean
}

export function createRunningThreads(): RunningThreads {
  const claimed = new Set<string>()
  const removed = new Set<string>()
  return {
    claim(thread) {
      if (claimed.has(thread)) throw new RunaError('BUSY', 'This thread is still being answered.')
      claimed.add(thread)
      return () => {
        claimed.delete(thread)
        removed.delete(thread)
      }
    },
    remove(thread) {
      if (claimed.has(thread)) removed.add(thread)
      return () => removed.delete(thread)
    },
    isRemoved: (thread) => removed.has(thread),
  }
}
