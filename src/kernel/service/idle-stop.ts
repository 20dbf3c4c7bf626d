import { setTimeout as sleep } from 'node:timers/promises'
import type { Rousing } from './rousing.ts'
import type { Service } from './serve.ts'
import type { Presence } from './transport.ts'

export interface IdleOptions {
  readonly name: string
  /** Without a call for so long, it may fall asleep. */
  readonly idleMs: number
  readonly presence: Pick<Presence, 'rest' | 'rise'>
  readonly rousing: Pick<Rousing, 'wishes' | 'sleep'>
  readonly signal: AbortSignal
  readonly lingerMs?: number
}

/**
 * Between the door's closing and the end: who found the door open may still be about to write. Who is held up for longer,
 * between two instructions, is told that the service is lost.
 */
const LINGER_MS = 500

/**
 * Resolves once the service may end, or the signal fires. First it closes its door, so that new callers wait and wish for it;
 * then it looks whether somebody has come in at the last moment, or has wished: then it goes on.
 */
export async function untilAsleep(
  service: Pick<Service<never>, 'idleMs'>,
  { name, idleMs, presence, rousing, signal, lingerMs = LINGER_MS }: IdleOptions,
): Promise<void> {
  const rest = (ms: number) => sleep(ms, undefined, { signal, ref: false }).catch(() => {})
  while (!signal.aborted) {
    await rest(Math.max(1, idleMs - service.idleMs()))
    if (signal.aborted || service.idleMs() < idleMs) continue
    const wishes = rousing.wishes(name)
    presence.rest()
    await rest(lingerMs)
    const isCalled = service.idleMs() < idleMs || rousing.wishes(name) !== wishes
    if (!isCalled && !signal.aborted) return rousing.sleep(name, wishes)
    if (!signal.aborted) presence.rise()
  }
}
