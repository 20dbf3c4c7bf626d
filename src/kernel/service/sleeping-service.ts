import { RunaError } from '#protocol'
import { awaitService } from './bus-transport.ts'
import type { Transport } from './transport.ts'

/** The wish is said again after so long, and it is seen whether anybody will still hear it. */
const SLICE_MS = 250

/**
 * Sends at once where it can. Where the service sleeps, the message waits here, with its caller, until the service has
 * come: so nothing is lost, whoever dies meanwhile. Throws what `send` throws where nobody would start it; what goes wrong
 * later is told to `onFailure`. Returns what ends the waiting.
 */
export function sendOnceAwake(
  transport: Transport,
  service: string,
  send: () => void,
  onFailure: (error: unknown) => void,
): () => void {
  try {
    send()
    return () => {}
  } catch (error) {
    if (!isAsleep(error, transport, service)) throw error
  }
  const ending = new AbortController()
  void sendLater(transport, service, send, ending.signal).catch(onFailure)
  return () => ending.abort()
}

async function sendLater(
  transport: Transport,
  service: string,
  send: () => void,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    try {
      await awaitService(transport, service, { timeoutMs: SLICE_MS, signal })
      if (!signal.aborted) send()
      return
    } catch (error) {
      if (!signal.aborted && !isAsleep(error, transport, service)) throw error
    }
  }
}

function isAsleep(error: unknown, { presence }: Transport, service: string): boolean {
  const isLost = error instanceof RunaError && error.code === 'SERVICE_LOST'
  return isLost && (presence?.rouse(service) ?? false)
}
