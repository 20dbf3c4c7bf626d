import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { constants } from 'node:os'

const MADV_DOFORK = 11
const WNOHANG = 1

interface Koffi {
  load(library: string): { func(definition: string): (...values: readonly unknown[]) => number }
}

const readMaps = () => readFileSync('/proc/self/maps', 'latin1')

/**
 * Processes that cost a millisecond, not a hundred: copies of this one, which has everything loaded and compiled. A copy
 * must do all of its work at once, and never come to its event loop, which it would share with this process.
 */
export function createForks() {
  const libc = (createRequire(import.meta.url)('koffi') as Koffi).load('libc.so.6')
  const fork = libc.func('int fork()')
  const waitpid = libc.func('int waitpid(int, uint8_t*, int)')
  const kill = libc.func('int kill(int, int)')
  const getpid = libc.func('int getpid()')
  const status = Buffer.alloc(4)
  const madvise = libc.func('int madvise(uint64_t, uint64_t, int)')

  /** V8 keeps its memory from being copied into children, which would as a rule only cost time. */
  function copyEverything(): void {
    let known = ''
    // To work on the list may make V8 ask for more memory: so until there is none that is not in it.
    for (let maps = readMaps(); maps !== known; maps = readMaps()) {
      known = maps
      for (const [, from = '', to = ''] of maps.matchAll(/^(\w+)-(\w+) /gm)) {
        const start = BigInt(`0x${from}`)
        madvise(start, BigInt(`0x${to}`) - start, MADV_DOFORK)
      }
    }
  }

  return {
    /** Returns the number of a process that does `work`, and is gone after it. */
    fork(work: () => void): number {
      copyEverything()
      const pid = fork()
      if (pid !== 0) return pid
      try {
        work()
      } catch (error) {
        process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`)
      }
      kill(getpid(), constants.signals.SIGKILL)
      throw new Error('this process is still there')
    },
    /** Whether it has ended by itself. */
    hasEnded(pid: number): boolean {
      if (waitpid(pid, status, WNOHANG) === 0) return false
      if (status[0] !== 9) process.stderr.write(`a process ended by itself, with status ${status.readInt32LE(0)}\n`)
      return true
    },
    kill(pid: number): void {
      kill(pid, constants.signals.SIGKILL)
      waitpid(pid, null, 0)
    },
  }
}
