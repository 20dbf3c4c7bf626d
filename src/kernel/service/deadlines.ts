interface Deadline {
  readonly atMs: number
  readonly onPassed: () => void
}

/** The longest that Node can wait. */
const WAIT_MS_MAX = 2 ** 31 - 1

const running = new Set<Deadline>()
let timer: NodeJS.Timeout | undefined
/** When the timer goes off: never later than the next deadline, and often for none, since most calls end before theirs. */
let wakesAtMs = Number.POSITIVE_INFINITY

/**
 * Calls `onPassed` after so many milliseconds, unless the returned function is called before. One timer for all: a call
 * that is answered in time sets none. A deadline that runs keeps the process going.
 */
export function startDeadline(
  afterMs: number,
  onPassed: () => void,
  nowMs: number = performance.now(),
): () => void {
  const deadline = { atMs: nowMs + afterMs, onPassed }
  running.add(deadline)
  if (deadline.atMs < wakesAtMs) wakeAt(deadline.atMs, nowMs)
  else if (running.size === 1) timer?.ref()
  return () => {
    if (running.delete(deadline) && running.size === 0) timer?.unref()
  }
}

function wakeAt(atMs: number, nowMs: number): void {
  clearTimeout(timer)
  wakesAtMs = atMs
  timer = setTimeout(endPassed, Math.min(atMs - nowMs, WAIT_MS_MAX))
}

function endPassed(): void {
  const nowMs = performance.now()
  const passed = [...running].filter(({ atMs }) => atMs <= nowMs).sort((a, b) => a.atMs - b.atMs)
  for (const deadline of passed) running.delete(deadline)
  wakesAtMs = Number.POSITIVE_INFINITY
  let nextMs = Number.POSITIVE_INFINITY
  for (const { atMs } of running) nextMs = Math.min(nextMs, atMs)
  if (running.size > 0) wakeAt(nextMs, nowMs)
  for (const { onPassed } of passed) onPassed()
}
