import { futexWait, futexWake } from '#kernel/sys'

/** A word of a ring's header, in a line of its own: consumers look at it for each record, and hardly anybody writes it. */
const SPACE_WANTED = 16
/** Who waits for room: event loops, threads that sleep, or both. */
const LOOP_WAITS = 1
const THREAD_WAITS = 2

/** Asks to be told of room; a try after it decides whether there is still none. */
export function askForSpace(words: Int32Array, header: number): void {
  Atomics.or(words, header + SPACE_WANTED, LOOP_WAITS)
}

/** Whether nobody has made room since the asking. */
export function isSpaceWanted(words: Int32Array, header: number): boolean {
  return Atomics.load(words, header + SPACE_WANTED) !== 0
}

/** As `askForSpace`, for a thread that may sleep then. Returns the value of the word that it may sleep on. */
export function askForSpaceSync(words: Int32Array, header: number): number {
  return Atomics.or(words, header + SPACE_WANTED, THREAD_WAITS) | THREAD_WAITS
}

/** Blocks this thread as long as nobody has made room since the asking, and for at most so long. */
export function waitForSpaceSync(words: Int32Array, header: number, asked: number, timeoutMs: number): void {
  futexWait(words, header + SPACE_WANTED, asked, timeoutMs)
}

/** After the cursor was published. Whoever asks again meanwhile is told as well. */
export function giveSpace(words: Int32Array, header: number, onSpace: () => void): void {
  const word = header + SPACE_WANTED
  const wanted = Atomics.load(words, word)
  if (wanted === 0) return
  const onlyLoops =
    wanted === LOOP_WAITS && Atomics.compareExchange(words, word, LOOP_WAITS, 0) === LOOP_WAITS
  if (!onlyLoops) futexWake(words, word)
  onSpace()
}
