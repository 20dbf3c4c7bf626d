import { releaseMemory } from '#kernel/sys'

const LOOK_MS = 5_000
/** Of the time of a core. Heartbeats and looks at the bus are less. */
const BUSY_SHARE = 0.02

interface RestOptions {
  /** Milliseconds that the process has computed so far. */
  readonly usedMs?: () => number
  readonly release?: () => void
}

/**
 * Gives memory back each time that the process comes to rest after work, and so also after its start, whose garbage is the
 * largest. Keeps no process going. Returns how to end it.
 */
export function releaseAtRest({
  usedMs = processorMs,
  release = releaseMemory,
}: RestOptions = {}): () => void {
  let before = usedMs()
  let hasWorked = true
  const timer = setInterval(() => {
    const now = usedMs()
    const isBusy = now - before > LOOK_MS * BUSY_SHARE
    before = now
    if (isBusy) hasWorked = true
    else if (hasWorked) {
      hasWorked = false
      release()
      // What that took is no work.
      before = usedMs()
    }
  }, LOOK_MS).unref()
  return () => clearInterval(timer)
}

function processorMs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1_000
}
