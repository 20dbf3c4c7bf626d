import * as z from 'zod'
import type { Transport } from '#kernel/service'
import { type Contract, PROTOCOL_VERSION, RunaError } from '#protocol'

const heartbeatSchema = z.object({ version: z.number().int(), contractVersion: z.number().int() })

const BEAT_MS = 1_000
const MISSED_BEATS_MAX = 10

export interface HeartbeatOptions {
  /** Called once, after ten beats of ours without one of the program's. */
  readonly onSilence: () => void
  readonly beatMs?: number
}

/**
 * Resolves with the first heartbeat of the program, which says that it is ready, and then watches for the next ones.
 * Rejects with CONFIG_INVALID where the program speaks another version.
 */
export function awaitHeartbeat(
  { name, version }: Contract,
  program: Transport,
  { onSilence, beatMs = BEAT_MS }: HeartbeatOptions,
): Promise<void> {
  let missed = 0

  function watch(): void {
    // Beats are counted, not time: a machine that slept wakes up with everybody well.
    const timer = setInterval(() => {
      missed += 1
      if (missed <= MISSED_BEATS_MAX) return
      clearInterval(timer)
      onSilence()
    }, beatMs)
    program.closed.addEventListener('abort', () => clearInterval(timer), { once: true })
  }

  return new Promise((resolve, reject) => {
    const endListening = program.listen(({ type, from, payload }) => {
      if (type !== 'heartbeat' || from !== name) return
      endListening()
      const spoken = heartbeatSchema.safeParse(payload).data
      if (spoken?.version !== PROTOCOL_VERSION || spoken.contractVersion !== version) {
        const wanted = `"version": ${PROTOCOL_VERSION}, "contractVersion": ${version}`
        return reject(new RunaError('CONFIG_INVALID', `Its program does not say ${wanted} in a heartbeat.`))
      }
      program.listen((envelope) => {
        if (envelope.type === 'heartbeat' && envelope.from === name) missed = 0
      })
      watch()
      resolve()
    })
  })
}
