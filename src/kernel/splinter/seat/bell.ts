import { closeSync, constants, fstatSync, openSync, rmSync, statSync, writeSync } from 'node:fs'
import { makeFifo } from '#kernel/sys'
import type { Segment } from '../segment/segment.ts'
import { readPipe, watchPipe } from './pipe-reader.ts'

const { O_NONBLOCK, O_RDWR, O_WRONLY } = constants
const RING = Buffer.from([1])
/** The pipe is full, so its reader has been rung long ago; or nobody reads. */
const RUNG = ['EAGAIN', 'EPIPE', 'ENXIO', 'ENOENT']

/** Wakes event loops: a named pipe for each row of the process table, read by whoever holds the row. */
export interface Bells {
  /** False where this process could not: it has no descriptor left, say. Where nobody reads, nobody is to be woken. */
  ring(row: number): boolean
  close(): void
}

function bellPath(pipes: string, row: number): string {
  return `${pipes}.bell-${row}`
}

function lifePath(pipes: string, row: number, generation: number): string {
  return `${pipes}.life-${row}-${generation}`
}

function ensureFifo(path: string): void {
  try {
    makeFifo(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
}

/** Opens the own bell. It keeps the event loop going until it is closed. */
export function openBell(segment: Segment, row: number, onRing: () => void): () => void {
  const path = bellPath(segment.pipes, row)
  ensureFifo(path)
  const endReading = readPipe(path, onRing)
  return () => {
    endReading()
    // The next holder of the row uses it again, unless nobody can come to this bus any more.
    if (isGone(segment)) rmSync(path, { force: true })
  }
}

/** Whether the file has no name any more, or another bus has it. */
function isGone({ path, fd }: Segment): boolean {
  return statSync(path, { throwIfNoEntry: false })?.ino !== fstatSync(fd).ino
}

export function createBells(pipes: string): Bells {
  const open = new Map<number, number>()

  function fdOf(row: number): number {
    const known = open.get(row)
    if (known !== undefined) return known
    const fd = openSync(bellPath(pipes, row), O_WRONLY | O_NONBLOCK)
    open.set(row, fd)
    return fd
  }

  return {
    ring(row) {
      try {
        writeSync(fdOf(row), RING)
        return true
      } catch (error) {
        return RUNG.includes((error as NodeJS.ErrnoException).code ?? '')
      }
    },
    close() {
      for (const fd of open.values()) closeSync(fd)
      open.clear()
    },
  }
}

/**
 * A pipe that the kernel closes when this process dies, whichever way: who watches the other end learns at once.
 * Each life of a row has its own, so that a successor cannot hide the end of its predecessor.
 */
export function openLife(pipes: string, row: number, generation: number): () => void {
  rmSync(lifePath(pipes, row, generation - 1), { force: true })
  const path = lifePath(pipes, row, generation)
  ensureFifo(path)
  const fd = openSync(path, O_RDWR | O_NONBLOCK)
  return () => {
    closeSync(fd)
    rmSync(path, { force: true })
  }
}

/** Calls `onEnd` once that life is over. A life that was over before may go unnoticed: ask for its lock after this. */
export function watchLife(pipes: string, row: number, generation: number, onEnd: () => void): () => void {
  return watchPipe(lifePath(pipes, row, generation), onEnd)
}
