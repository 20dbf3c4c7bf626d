import type { OrphanExit } from './reaper.ts'

/** Ancestor and gilgul give each other a sign of life each second, so that each notices when the other hangs. */
const BEAT_MS = 1_000

/** What the ancestor tells gilgul, one JSON object a line. */
export type AncestorLine =
  /** It lives: once a second. */
  { readonly kind: 'beat' } | { readonly kind: 'exit'; readonly exit: OrphanExit }

/** Whatever is no line of it is left out. */
export function parseAncestorLine(line: string): AncestorLine | undefined {
  try {
    const parsed = JSON.parse(line) as AncestorLine | null
    return typeof parsed?.kind === 'string' ? parsed : undefined
  } catch {
    return undefined
  }
}

/** So many in a row may be missed. A machine that starts a large model swaps for seconds. */
const MISSED_BEATS_MAX = 10

export interface SilenceWatch {
  /** The other one gave a sign of life. */
  heard(): void
  end(): void
}

/**
 * Calls `onSilent` once when the other side has been silent for too long. Counted in beats of our own: whatever stops
 * both of them, such as a machine that sleeps, is no silence.
 */
export function watchSilence(onBeat: () => void, onSilent: () => void): SilenceWatch {
  let missed = 0
  const timer = setInterval(() => {
    onBeat()
    missed += 1
    if (missed === MISSED_BEATS_MAX + 1) {
      clearInterval(timer)
      onSilent()
    }
  }, BEAT_MS)
  timer.unref()
  return {
    heard() {
      missed = 0
    },
    end: () => clearInterval(timer),
  }
}
