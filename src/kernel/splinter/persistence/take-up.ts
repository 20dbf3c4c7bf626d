import { lockByte, unlockByte } from '#kernel/sys'
import { RunaError } from '#protocol'
import { LOCKED_BYTES } from '../seat/stamp.ts'
import { LIFE } from '../segment/header.ts'
import { LIFE_WORDS, lifeOf } from '../segment/life.ts'
import type { Segment } from '../segment/segment.ts'
import { type Recovered, recoverStore } from './recover-store.ts'
import { resetSeats } from './reset.ts'

/** Whoever holds the lock on this byte goes through a bus that nobody vouches for. Below those of the members. */
const RECOVERY_BYTE = LOCKED_BYTES - 1
/** Reading gigabytes from a disk takes as long. */
const PATIENCE_MS = 120_000
const PAUSE_MS = 20

/** A bus whose memory is sound as far as can be told, once `done` was called. */
export interface TakenUp {
  readonly recovered: Recovered
  /** From now on everybody trusts it. Called when index and blocks are made anew. */
  done(): void
  /** Leaves it to the next one to begin again. */
  abandon(): void
}

/**
 * Sees to it that the memory of a bus can be trusted, before a seat is taken. It cannot when the machine was started
 * again since, or the file is a copy: pages of different ages may stand beside each other. The first to come then looks at
 * every value, while others wait. Undefined where there is nothing to do. Throws NOT_RUNNING for a bus in memory that was
 * left by an earlier start of the machine, and BUS_BACKPRESSURE after two minutes.
 */
export function takeUp(segment: Segment): TakenUp | undefined {
  const { path, fd, persistent } = segment
  const life = lifeOf(path, fd, persistent)
  if (isLife(segment, life)) return undefined
  if (!persistent) {
    const message = `Runa is not running: the bus at ${path} was left when the machine was last switched off.`
    throw new RunaError('NOT_RUNNING', message)
  }
  lockPatiently(segment)
  try {
    // Somebody else has done it meanwhile.
    if (isLife(segment, life)) {
      unlockByte(fd, RECOVERY_BYTE)
      return undefined
    }
    const recovered = recover(segment)
    return {
      recovered,
      done() {
        segment.words.set(life, LIFE)
        unlockByte(fd, RECOVERY_BYTE)
      },
      abandon: () => unlockByte(fd, RECOVERY_BYTE),
    }
  } catch (error) {
    unlockByte(fd, RECOVERY_BYTE)
    throw error
  }
}

function isLife({ words }: Segment, life: Int32Array): boolean {
  return life.every((word, index) => Atomics.load(words, LIFE + index) === word) && life.length === LIFE_WORDS
}

function lockPatiently({ path, fd }: Segment): void {
  const pause = new Int32Array(new SharedArrayBuffer(4))
  const startedMs = performance.now()
  while (!lockByte(fd, RECOVERY_BYTE)) {
    if (performance.now() - startedMs > PATIENCE_MS) {
      throw new RunaError('BUS_BACKPRESSURE', `Somebody goes through ${path}, and does not come to an end.`)
    }
    Atomics.wait(pause, 0, 0, PAUSE_MS)
  }
}

function recover(segment: Segment): Recovered {
  resetSeats(segment)
  return recoverStore(segment)
}
