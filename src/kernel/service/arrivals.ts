import { setTimeout as sleep } from 'node:timers/promises'
import { awaitService } from './bus-transport.ts'
import type { Transport } from './transport.ts'

const WAIT_MS = 60_000
const RETRY_MS = 1_000

/**
 * Calls `work` once `service` can be called, and again each time that it has come back: for what may have been missed
 * meanwhile. Work that rejects is called again. Resolves when the signal fires. Over a transport that knows nothing of
 * who lives, `work` is called until it resolves, once.
 */
export async function onEachArrival(
  transport: Transport,
  service: string,
  work: () => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  // One that sleeps comes when somebody calls it.
  const waiting = { timeoutMs: WAIT_MS, signal, rouses: false }
  while (!signal.aborted) {
    try {
      if (transport.presence) await awaitService(transport, service, waiting)
      await work()
    } catch {
      await sleep(RETRY_MS, undefined, { signal, ref: false }).catch(() => {})
      continue
    }
    if (!transport.presence) return
    await lost(transport.presence, service, signal)
  }
}

function lost(
  presence: NonNullable<Transport['presence']>,
  service: string,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      endWatch()
      signal.removeEventListener('abort', end)
      resolve()
    }
    const endWatch = presence.watch(service, end)
    signal.addEventListener('abort', end)
    if (signal.aborted) end()
  })
}
