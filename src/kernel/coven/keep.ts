import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import type { RunaError } from '#protocol'
import { type Launched, type LaunchOptions, startGilgul } from './launch.ts'

export interface KeepOptions extends LaunchOptions {
  /** Ends gilgul, and then the keeping. */
  readonly stopping: AbortSignal
  /** Hears of each that was started and has proven who it is. */
  readonly onBorn?: (launched: Launched) => void
  /** Hears why one came to nothing. */
  readonly onRefused?: (error: RunaError) => void
  /** The longest pause between a death and the next start. */
  readonly pauseMsMax?: number
}

const PAUSE_MS_MIN = 100
const PAUSE_MS_MAX = 10_000
/** After so long a life, the next death counts as the first. */
const HEALTHY_MS = 10_000
/** Starts in a row that came to nothing. */
const REFUSALS_MAX = 5
const STOP_MS = 10_000

/**
 * Has a gilgul running until `stopping` fires: when one dies, the next is started after a pause that doubles with each
 * death (from 0.1 s). Each gets a launch key and a bus of its own. Rejects with COVEN_REFUSED once five starts in a row
 * came to nothing.
 */
export async function keepGilgul(options: KeepOptions): Promise<void> {
  const { stopping, onBorn, onRefused, pauseMsMax = PAUSE_MS_MAX, ...launch } = options
  let pauseMs = PAUSE_MS_MIN
  let refusals = 0
  while (!stopping.aborted) {
    const startedMs = performance.now()
    try {
      const launched = await startGilgul(launch)
      refusals = 0
      onBorn?.(launched)
      await liveToTheEnd(launched, stopping)
    } catch (error) {
      onRefused?.(error as RunaError)
      refusals += 1
      if (refusals >= REFUSALS_MAX) throw error
    }
    if (performance.now() - startedMs > HEALTHY_MS) pauseMs = PAUSE_MS_MIN
    await sleep(pauseMs, undefined, { signal: stopping }).catch(() => {})
    pauseMs = Math.min(2 * pauseMs, pauseMsMax)
  }
}

async function liveToTheEnd({ child, session }: Launched, stopping: AbortSignal): Promise<void> {
  const exited =
    child.exitCode !== null || child.signalCode !== null ? Promise.resolve() : once(child, 'exit')
  let force: NodeJS.Timeout | undefined
  const stop = () => {
    child.kill('SIGTERM')
    force ??= setTimeout(() => child.kill('SIGKILL'), STOP_MS)
  }
  // A gilgul whose link is closed gets no secrets any more: whatever was wrong with it, the next one is to be asked.
  void session.ended.then(stop)
  stopping.addEventListener('abort', stop, { once: true })
  if (stopping.aborted) stop()
  await exited
  await session.ended
  stopping.removeEventListener('abort', stop)
  clearTimeout(force)
}
