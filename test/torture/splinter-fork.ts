import { closeSync, openSync, readSync } from 'node:fs'
import { createRequire } from 'node:module'
import { constants } from 'node:os'

const MADV_DOFORK = 11
const WNOHANG = 1

interface Koffi {
  load(library: string): { func(definition: string): (...values: readonly unknown[]) => number }
}

const LIST_BYTES_MAX = 2 ** 20
const DASH = 0x2d
const LINE_FEED = 0x0a

/** The mappings of this process, as text. Without a string, which would need memory of its own. */
function readList(into: Buffer): number {
  const fd = openSync('/proc/self/maps', 'r')
  let length = 0
  for (let read = -1; read !== 0; length += read)
    read = readSync(fd, into, length, LIST_BYTES_MAX - length, null)
  closeSync(fd)
  return length
}

/** Lines begin with two addresses: start-end. */
function forEachMapping(
  list: Buffer,
  length: number,
  visit: (start: number, sizeBytes: number) => void,
): void {
  for (let line = 0; line < length; line = list.indexOf(LINE_FEED, line) + 1) {
    let at = line
    let [start, address] = [0, 0]
    for (let byte = list[at] ?? 0; byte > 0x20; byte = list[at] ?? 0) {
      if (byte === DASH) [start, address] = [address, 0]
      else address = address * 16 + (byte >= 0x61 ? byte - 0x57 : byte - 0x30)
      at += 1
    }
    visit(start, address - start)
  }
}

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
  const lists: [Buffer, Buffer] = [Buffer.alloc(LIST_BYTES_MAX), Buffer.alloc(LIST_BYTES_MAX)]
  const status = Buffer.alloc(4)
  const madvise = libc.func('int madvise(uint64_t, uint64_t, int)')

  /** V8 keeps its memory from being copied into children, which would as a rule only cost time. */
  function copyEverything(): void {
    let [older, newer] = lists
    let length = readList(newer)
    // To work on the list may make V8 ask for more memory: so until there is none that is not in it.
    for (let known = -1; known !== length || older.compare(newer, 0, length, 0, length) !== 0; ) {
      forEachMapping(newer, length, (start, sizeBytes) => madvise(start, sizeBytes, MADV_DOFORK))
      known = length
      ;[older, newer] = [newer, older]
      length = readList(newer)
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
    /** Its status, as waitpid tells it, if it has ended by itself. */
    endOf(pid: number): number | undefined {
      return waitpid(pid, status, WNOHANG) === 0 ? undefined : status.readInt32LE(0)
    },
    kill(pid: number): void {
      kill(pid, constants.signals.SIGKILL)
      waitpid(pid, null, 0)
    },
  }
}
