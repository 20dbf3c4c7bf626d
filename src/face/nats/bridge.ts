import type { NatsConnection } from '@nats-io/transport-node'
import type { NatsLink } from '#protocol'
import type { FarSide } from './far-side.ts'
import { carryIn } from './inward.ts'
import { openLastingSubject } from './lasting-subject.ts'
import type { NearSide } from './near-side.ts'
import { carryOut } from './outward.ts'
import { openPassingSubject } from './passing-subject.ts'

export interface LinkSettings {
  readonly topic: string
  readonly subject: string
  readonly direction: 'both' | 'out' | 'in'
  readonly lasting: boolean
}

export interface BridgeOptions {
  /** Of this machine on the far side: the last part of every subject that it sends to. */
  readonly name: string
  readonly connection: NatsConnection
  readonly signal: AbortSignal
  /** Hears of faults, and when one is mended. */
  readonly note: (link: LinkSettings, fault: string | undefined) => void
}

/** A link between a topic here and a subject there, both ways or one. */
export interface Link {
  describe(): NatsLink
  /** Resolves when nothing is carried any more: after the signal. */
  readonly ended: Promise<void>
}

const RETRY_MS = 1_000

/** Begins to carry. What goes wrong is noted and tried again, for as long as the signal has not fired. */
export function openLink(settings: LinkSettings, near: NearSide, options: BridgeOptions): Link {
  const { name, connection, signal } = options
  const counts = { sent: 0, received: 0, passedOver: 0, dropped: 0 }
  const faults = createFaults((fault) => options.note(settings, fault))

  async function openFar(): Promise<FarSide> {
    const subject = { subject: settings.subject, name, onDropped: () => (counts.dropped += 1) }
    return settings.lasting
      ? await openLastingSubject(connection, subject)
      : openPassingSubject(connection, subject)
  }

  async function out(): Promise<void> {
    const onSent = (messages: number) => {
      counts.sent += messages
    }
    await carryOut({ near, far: await openFar(), signal, onSent, onFault: faults.of('out') })
  }

  async function into(): Promise<void> {
    const onReceived = () => {
      counts.received += 1
    }
    const onPassedOver = () => {
      counts.passedOver += 1
    }
    const onFault = faults.of('in')
    await carryIn({ near, far: await openFar(), name, signal, onReceived, onPassedOver, onFault })
  }

  const ways = [
    ...(settings.direction === 'in' ? [] : [{ work: out, fault: faults.of('out') }]),
    ...(settings.direction === 'out' ? [] : [{ work: into, fault: faults.of('in') }]),
  ]
  return {
    describe: () => ({
      ...settings,
      sent: counts.sent,
      received: counts.received,
      passedOver: counts.passedOver,
      lost: counts.dropped + near.lost(),
      ...(faults.current() === undefined ? {} : { fault: faults.current() }),
    }),
    ended: Promise.all(ways.map(({ work, fault }) => keepOn(work, fault, signal))).then(() => {}),
  }
}

/** A server that lacks JetStream today may have it tomorrow. */
async function keepOn(
  work: () => Promise<void>,
  onFault: (fault: unknown) => void,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    try {
      await work()
    } catch (error) {
      if (!signal.aborted) onFault(error)
    }
    if (!signal.aborted) await pause(signal)
  }
}

function pause(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer)
      resolve()
    }
    const timer = setTimeout(end, RETRY_MS)
    signal.addEventListener('abort', end, { once: true })
  })
}

/** The last fault of each way, and a note where one is new or mended. */
function createFaults(note: (fault: string | undefined) => void) {
  const byWay = new Map<string, string>()
  return {
    current: (): string | undefined => [...byWay.values()][0],
    of: (way: string) => (error: unknown) => {
      const fault = error === undefined ? undefined : error instanceof Error ? error.message : String(error)
      if (byWay.get(way) === fault) return
      if (fault === undefined) byWay.delete(way)
      else byWay.set(way, fault)
      note(fault)
    },
  }
}
