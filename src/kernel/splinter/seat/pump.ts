import { clearInterval, setInterval } from 'node:timers'
import type { Segment } from '../segment/segment.ts'
import { GENERATION, rowWord, SLEEPING } from './members.ts'
import { createWakefulness } from './wakefulness.ts'

/** Something that may have work. `drain` does at most a batch of it, and says whether it did any. */
interface Source {
  hasWork(): boolean
  drain(): boolean
}

const SLEEP_NUMBERS = 2 ** 30
/**
 * Who brought work may have been killed before it rang, and nobody may ever come by again: so a sleeper looks by itself. One
 * look costs some microseconds.
 */
const LOOK_EVERY_MS = 1_000
/** Between the first sleeps of two holders of a row. */
const SLEEPS_APART = 2 ** 16 + 1

/**
 * Drains its sources in turns of the event loop, and sleeps when there is nothing to do. To lose no wake-up, it first
 * raises the flag and then looks again; who brings work does it in the other order. Where that one dies before it rings,
 * the work is found a second later.
 */
export interface Pump {
  add(source: Source): () => void
  /** For the bell, and for whoever has work for this very process. */
  wake(): void
  stop(): void
}

export function createPump(segment: Segment, row: number, onSleep: () => void): Pump {
  const { words } = segment
  const flag = rowWord(segment, row) + SLEEPING
  const sources = new Set<Source>()
  // Not where the last holder of the row began: who rings that one late would lower this one's flag.
  let sleepNumber =
    Math.imul(words[rowWord(segment, row) + GENERATION] ?? 0, SLEEPS_APART) & (SLEEP_NUMBERS - 1)
  const wakefulness = createWakefulness()
  let scheduled: NodeJS.Immediate | undefined
  let stopped = false

  function turn(): void {
    scheduled = undefined
    if (stopped) return
    let busy = true
    try {
      busy = drainAll(sources)
    } finally {
      // Also when a listener threw: others still have work.
      if (!stopped) goOn(busy)
    }
  }

  function goOn(busy: boolean): void {
    if (busy) wakefulness.found()
    if (busy || wakefulness.looksAgain()) schedule()
    else sleep()
  }

  function sleep(): void {
    // Each sleep has a number of its own, so that a slow ringer cannot lower the flag of a later one.
    sleepNumber = (sleepNumber % SLEEP_NUMBERS) + 1
    Atomics.store(words, flag, sleepNumber)
    onSleep()
    look()
  }

  function look(): void {
    if ([...sources].some((source) => source.hasWork())) wake()
  }

  function schedule(): void {
    scheduled ??= setImmediate(turn)
  }

  function wake(): void {
    if (stopped) return
    Atomics.store(words, flag, 0)
    schedule()
  }

  const looking = setInterval(() => scheduled ?? look(), LOOK_EVERY_MS).unref()
  schedule()
  return {
    add(source) {
      sources.add(source)
      wake()
      return () => sources.delete(source)
    },
    wake,
    stop() {
      stopped = true
      clearInterval(looking)
      clearImmediate(scheduled)
    },
  }
}

/** Whether there was anything to do. */
function drainAll(sources: ReadonlySet<Source>): boolean {
  let busy = false
  for (const source of [...sources]) busy = source.drain() || busy
  return busy
}

/**
 * Rings whoever sleeps. First the bell, then the flag: a ringer that is killed between the two leaves a bell that is
 * rung twice, never one that is not rung. Where it cannot ring, the flag stays for the next one.
 */
export function ringIfAsleep(segment: Segment, row: number, ring: (row: number) => boolean): void {
  const { words } = segment
  const flag = rowWord(segment, row) + SLEEPING
  const sleepNumber = Atomics.load(words, flag)
  if (sleepNumber === 0) return
  if (ring(row)) Atomics.compareExchange(words, flag, sleepNumber, 0)
}
