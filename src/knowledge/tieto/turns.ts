const TURN_MS = 8

/** Runs a generator to its end, but lets others have a turn every few milliseconds: searches go on while it works. */
export async function runInTurns<Result>(
  work: Generator<unknown, Result>,
  signal?: AbortSignal,
): Promise<Result> {
  let turnEndsAt = performance.now() + TURN_MS
  for (;;) {
    const step = work.next()
    if (step.done) return step.value
    if (performance.now() < turnEndsAt) continue
    await new Promise(setImmediate)
    signal?.throwIfAborted()
    turnEndsAt = performance.now() + TURN_MS
  }
}
