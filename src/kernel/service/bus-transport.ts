import { setTimeout as sleep } from 'node:timers/promises'
import type { Bus } from '#kernel/splinter'
import { createEnvelope, EVERYBODY, PROTOCOL_VERSION, RunaError } from '#protocol'
import { createRousing } from './rousing.ts'
import { sendIfPossible, type Transport } from './transport.ts'

export type BusTransport = Transport & Required<Pick<Transport, 'address' | 'presence' | 'seals'>>

/** Carries envelopes over the bus, between this process and all others. Closing it closes the bus. */
export function createBusTransport(bus: Bus): BusTransport {
  const closing = new AbortController()
  const rousing = createRousing(bus.store)
  let announced = false

  /**
   * This heartbeat travels, for those who wait for this service. Later ones are read from shared memory, since they would wake
   * every process each second.
   */
  function announce(running: number): void {
    bus.setState('ready')
    const payload = { version: PROTOCOL_VERSION, running }
    sendIfPossible(transport, createEnvelope({ from: bus.name, to: EVERYBODY, type: 'heartbeat', payload }))
  }

  const transport: BusTransport = {
    address: bus.address,
    seals: bus.seals,
    closed: closing.signal,
    send(envelope) {
      if (closing.signal.aborted) throw new RunaError('SERVICE_LOST', 'This process has left the bus.')
      bus.send(envelope)
    },
    sendWhenFree(envelope, patience) {
      if (closing.signal.aborted) throw new RunaError('SERVICE_LOST', 'This process has left the bus.')
      return bus.sendWhenFree(envelope, patience)
    },
    carriesLists: true,
    listen(listener, scope) {
      const endReceiving = bus.receive(listener)
      const endOverhearing = scope === 'everybody' ? bus.overhear(listener) : () => {}
      return () => {
        endReceiving()
        endOverhearing()
      }
    },
    close() {
      closing.abort()
      bus.close()
    },
    presence: {
      beat(running) {
        bus.beat(running)
        if (announced) return
        announced = true
        announce(running)
      },
      took: bus.took,
      rest: () => bus.setState('stopping'),
      rise: () => announce(0),
      rouse: (service) => !closing.signal.aborted && rousing.rouse(service),
      silentMs: (service) => (closing.signal.aborted ? undefined : bus.silentMs(service)),
      watch: (to, onLost) => (closing.signal.aborted ? () => {} : bus.watch(to, onLost)),
    },
  }
  return transport
}

export interface AwaitServiceOptions {
  readonly timeoutMs: number
  readonly signal?: AbortSignal
  /** Whether one that sleeps is to be started for this. Default: true. */
  readonly rouses?: boolean
}

/**
 * Resolves once `service` can be called: for those who want to go on where it is just being started again, or sleeps.
 * Rejects with SERVICE_LOST when it did not come in time, CANCELLED by the signal.
 */
export async function awaitService(
  transport: Transport,
  service: string,
  { timeoutMs, signal, rouses = true }: AwaitServiceOptions,
): Promise<void> {
  const come = new AbortController()
  const endListening = transport.listen(({ type, from }) => {
    if (type === 'heartbeat' && from === service) come.abort()
  }, 'everybody')
  try {
    if (transport.presence?.silentMs(service) !== undefined) return
    if (rouses) transport.presence?.rouse(service)
    const either = signal ? AbortSignal.any([come.signal, signal]) : come.signal
    await sleep(timeoutMs, undefined, { signal: either }).catch(() => {})
    if (come.signal.aborted) return
    if (signal?.aborted) throw new RunaError('CANCELLED', undefined, { cause: signal.reason })
    throw new RunaError('SERVICE_LOST', `${service} has not come up within ${timeoutMs} ms.`)
  } finally {
    endListening()
  }
}
