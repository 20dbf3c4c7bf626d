import { RunaError } from '#protocol'

/**
 * Calls `use` with a signal that fires on Ctrl-C, SIGTERM, and once nobody reads the output any more, as after `| head -1`.
 * Rejects with CANCELLED where somebody stopped it. Where only the reader went, it has ended well: whoever reads knows when
 * it has enough.
 */
export async function withStopping(use: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const stopping = new AbortController()
  let isUnread = false
  const stop = () => stopping.abort()
  const leave = () => {
    isUnread = true
    stop()
  }
  for (const name of ['SIGTERM', 'SIGINT']) process.on(name, stop)
  process.stdout.once('error', leave)
  try {
    await use(stopping.signal)
    stopping.signal.throwIfAborted()
  } catch (error) {
    if (!stopping.signal.aborted || !isStop(error)) throw error
    if (!isUnread) throw error instanceof RunaError ? error : new RunaError('CANCELLED', 'Stopped.')
  } finally {
    for (const name of ['SIGTERM', 'SIGINT']) process.off(name, stop)
    process.stdout.off('error', leave)
  }
}

function isStop(error: unknown): boolean {
  return error instanceof RunaError
    ? error.code === 'CANCELLED'
    : error instanceof Error && error.name === 'AbortError'
}
