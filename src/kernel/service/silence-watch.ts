import type { Transport } from './transport.ts'

interface Watched {
  /** Whether calls are open. */
  isNeeded(): boolean
  silentMs(): number | undefined
  onSilent(): void
  /** The way is gone. */
  onClosed(): void
}

/**
 * Looks four times in `silenceMs` how long a service has been silent. It goes on for a moment after the last call,
 * without keeping the process from its end: the next call may come at once, and then it need not be set up again.
 */
export function createSilenceWatch({ closed }: Transport, silenceMs: number, watched: Watched) {
  let timer: NodeJS.Timeout | undefined

  function stop(): void {
    clearInterval(timer)
    timer = undefined
    closed.removeEventListener('abort', onClosed)
  }

  function onClosed(): void {
    stop()
    watched.onClosed()
  }

  function look(): void {
    if (!watched.isNeeded()) stop()
    else if ((watched.silentMs() ?? 0) > silenceMs) watched.onSilent()
  }

  return {
    start(): void {
      timer?.ref()
      if (timer) return
      closed.addEventListener('abort', onClosed, { once: true })
      timer = setInterval(look, silenceMs / 4)
    },
    rest(): void {
      timer?.unref()
    },
  }
}
