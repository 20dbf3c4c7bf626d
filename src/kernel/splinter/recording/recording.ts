import { RunaError } from '#protocol'
import type { OwnRow } from '../seat/members.ts'
import type { Pump } from '../seat/pump.ts'
import type { Segment } from '../segment/segment.ts'
import type { Channel, LossAnnouncer } from '../topics/channel.ts'
import type { Puller } from '../topics/puller.ts'
import { decodeRecorded, type RecordedMessage } from './recorded.ts'
import { becomeRecorder, countMissed, RECORD_TOPIC } from './witness.ts'

/** Handed over at once. */
const BATCH_MAX = 256
/** What was missed is also told while nothing is sent. */
const LOOKS_EVERY_MS = 1_000

export interface RecordingOptions {
  /**
   * What cannot be written down is not sent: its sender gets BUS_BACKPRESSURE. Else it is counted as missed. So it is also
   * while the recorder gives no sign of life for more than 10 s, as one that was stopped: from then on, until it goes on.
   */
  readonly strict?: boolean
  /**
   * Messages in the order in which they were written down, and how many before them were not. While it has not resolved,
   * nothing more is taken out of the ring, which holds about 2,000. A rejection ends the recording.
   */
  readonly keep: (messages: readonly RecordedMessage[], missed: number) => Promise<void>
}

export interface Recording {
  /** Rejects with what `keep` rejected with. */
  readonly ended: Promise<void>
  /** From now on nobody writes anything down. What was, is still kept. */
  end(): Promise<void>
}

interface RecordingParts {
  readonly segment: Segment
  readonly own: OwnRow
  readonly pump: Pump
  /** The topic that carries the records. */
  readonly channel: Channel
  /** What the records do not tell of. */
  readonly announce: LossAnnouncer
}

/** Throws BUSY where another one records. */
export function startRecording(
  { segment, own, pump, channel, announce }: RecordingParts,
  { strict = false, keep }: RecordingOptions,
): { readonly recording: Recording; abandon(): void } {
  const batches = createBatches(channel.pull())
  const { sayAlive, release } = becomeRecorder(segment, own, strict)
  let missed = countMissed(segment)
  let keeping: Promise<void> | undefined
  let isOver = false
  let isEnding = false
  let settle: { readonly resolve: () => void; readonly reject: (error: unknown) => void }
  const ended = new Promise<void>((resolve, reject) => {
    settle = { resolve, reject }
  })

  function work(): boolean {
    if (isOver) return false
    if (!isEnding) sayAlive()
    if (keeping) return false
    const batch = batches.take()
    const before = missed
    missed = countMissed(segment)
    const gap = (missed - before) >>> 0
    if (batch.length === 0 && gap === 0) return false
    if (gap > 0) announce('messages-lost', RECORD_TOPIC, gap)
    keeping = keep(batch, gap).then(goOn, stop)
    return true
  }

  function goOn(): void {
    keeping = undefined
    pump.wake()
  }

  function close(): void {
    isOver = true
    release()
    clearInterval(timer)
    endSource()
    batches.end()
  }

  function stop(error: unknown): void {
    keeping = undefined
    close()
    settle.reject(error)
  }

  // Whoever records looks at it when it is time.
  ended.catch(() => {})
  const endSource = pump.add({ hasWork: () => !keeping && batches.hasMore(), drain: work })
  const timer = setInterval(work, LOOKS_EVERY_MS)
  async function end(): Promise<void> {
    if (isOver) return
    isEnding = true
    release()
    while (keeping ?? work()) await keeping
    if (isOver) return
    close()
    settle.resolve()
  }

  return {
    recording: { ended, end },
    abandon() {
      if (!isOver) stop(new RunaError('SERVICE_LOST', 'The recorder has left the bus.'))
    },
  }
}

function createBatches(puller: Puller) {
  let peeked: Uint8Array | undefined

  function peek(): Uint8Array | undefined {
    peeked ??= puller.next()
    return peeked
  }

  return {
    hasMore: () => peek() !== undefined,
    take(): RecordedMessage[] {
      const batch: RecordedMessage[] = []
      while (batch.length < BATCH_MAX) {
        const record = peek()
        if (record === undefined) break
        const message = decodeRecorded(record)
        if (message) batch.push(message)
        peeked = undefined
      }
      return batch
    },
    end: puller.end,
  }
}
