import { openSync } from 'node:fs'
import { join } from 'node:path'
import { allocateFile, futexWait, futexWake, mapFile } from '#kernel/sys'
import type { EchoContender, Place } from './contender.ts'

export const PATIENCE_MS = 100
/** One answering process looks up from its work so often, to hear what it is told. */
const TURN_MS = 40
const SPINS = 3_000
/** Words of one side, on cache lines of their own: how many messages it was sent, and whether it sleeps. */
const [SENT, ASLEEP, SIDE_WORDS] = [0, 32, 64]

/** What cannot be beaten: a word of shared memory for each side, and the kernel's own way to sleep on one. */
export function openFutex(place: Place): EchoContender {
  const fd = openSync(join(place.folder, 'futex'), 'a+')
  if (place.index === 1) allocateFile(fd, 4_096)
  const words = new Int32Array(mapFile(fd))
  const own = place.index * SIDE_WORDS
  const other = SIDE_WORDS - own
  let taken = Atomics.load(words, own + SENT)
  const isThere = () => Atomics.load(words, own + SENT) !== taken
  // Not with our own way to spin: else it would be no peer.
  const spin = () => {
    for (let turn = 0; turn < SPINS; turn += 1) if (isThere()) return true
    return false
  }

  function take(): boolean {
    if (!spin()) {
      Atomics.store(words, own + ASLEEP, 1)
      if (!isThere()) futexWait(words, own + ASLEEP, 1, PATIENCE_MS)
      Atomics.store(words, own + ASLEEP, 0)
      if (!isThere()) return false
    }
    taken = (taken + 1) | 0
    return true
  }

  function send(): void {
    Atomics.add(words, other + SENT, 1)
    if (Atomics.load(words, other + ASLEEP) === 1) futexWake(words, other + ASLEEP)
  }

  const endAnswering = place.index === 1 ? answerInTurns(() => take() && send()) : () => {}
  return {
    roundTrip() {
      send()
      waitFor(take)
    },
    close: endAnswering,
  }
}

/** A wait may end early, or be too short where others keep the processor busy. */
export function waitFor(take: () => boolean): void {
  for (let tries = 0; tries < 50; tries += 1) if (take()) return
  throw new Error('No answer came.')
}

/** Answers in a thread that sleeps in between, and still hears the runner of the bench. */
export function answerInTurns(answer: () => void): () => void {
  let timer = setImmediate(turn)
  function turn(): void {
    const endMs = performance.now() + TURN_MS
    while (performance.now() < endMs) answer()
    timer = setImmediate(turn)
  }
  return () => clearImmediate(timer)
}
