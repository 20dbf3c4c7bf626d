import { setTimeout as sleep } from 'node:timers/promises'
import type { Bus } from '#kernel/splinter'
import { type Handlers, RunaError, type recorderContract } from '#protocol'
import { recordBus } from './recorder.ts'

const TRIES_EVERY_MS = 2_000

export interface RecorderServiceOptions {
  readonly bus: Pick<Bus, 'path' | 'record'>
  readonly folder: string
  readonly signal: AbortSignal
  readonly triesEveryMs?: number
}

/**
 * Records until the signal; while another recorder is at work, it waits for its turn. `ended` rejects with whatever else
 * keeps it from recording.
 */
export function startRecorder({
  bus,
  folder,
  signal,
  triesEveryMs = TRIES_EVERY_MS,
}: RecorderServiceOptions): {
  readonly handlers: Handlers<typeof recorderContract>
  readonly ended: Promise<void>
} {
  let now = { recording: false, recorded: 0, missed: 0 }

  async function record(): Promise<void> {
    try {
      await recordBus(bus, folder, {
        signal,
        onProgress(recorded, missed) {
          now = { recording: true, recorded, missed }
        },
      })
    } catch (error) {
      if (!(error instanceof RunaError) || error.code !== 'BUSY') throw error
      await sleep(triesEveryMs, undefined, { signal }).catch(() => {})
    }
  }

  async function goOn(): Promise<void> {
    while (!signal.aborted) await record()
    now = { ...now, recording: false }
  }

  return { ended: goOn(), handlers: { progress: async () => ({ folder, ...now }) } }
}
