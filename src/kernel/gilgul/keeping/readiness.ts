import { readFileSync } from 'node:fs'
import { processTicks } from '#kernel/sys'

/** One that still works is given so many times the time that it has to become ready. */
const SLOW_FACTOR = 4
/** A share of the time that it was looked at, in which it computed: less is what an idle Node does as well. */
const WORK_SHARE_MIN = 0.02
const READ_BYTES_MIN = 64 * 1_024
const TICK_MS = 10

export interface ReadinessOptions {
  /** It is late, and still at work. */
  readonly onSlow: (sentence: string) => void
  /** It is late, and does nothing, or has worked for too long. */
  readonly onLate: (sentence: string) => void
}

/**
 * Waits for a process to become ready. A slow start is no failure: who loads a large model, or recovers, computes or reads,
 * and is waited for. Returns how to stop waiting.
 */
export function awaitReadiness(
  pid: number | undefined,
  readyMs: number,
  { onSlow, onLate }: ReadinessOptions,
): () => void {
  const windowMs = readyMs / 2
  let windows = 0
  let before = workOf(pid)
  const timer = setInterval(() => {
    windows += 1
    const now = workOf(pid)
    const cpuMs = (now.ticks - before.ticks) * TICK_MS
    const readBytes = now.readBytes - before.readBytes
    before = now
    const waitedS = (windows * windowMs) / 1_000
    if (windows < 2) return
    const isWorking = cpuMs > windowMs * WORK_SHARE_MIN || readBytes > READ_BYTES_MIN
    if (!isWorking || windows >= 2 * SLOW_FACTOR) {
      clearInterval(timer)
      return onLate(`It was not ready within ${waitedS} s${isWorking ? ', though it worked' : ''}.`)
    }
    onSlow(
      `It is slow, and at work: in ${windowMs / 1_000} s it computed for ${cpuMs} ms and read ${readBytes} bytes. It is waited for.`,
    )
  }, windowMs).unref()
  return () => clearInterval(timer)
}

interface Work {
  readonly ticks: number
  readonly readBytes: number
}

/** Of the process and of its children, as far as they may be looked into. */
function workOf(pid: number | undefined): Work {
  if (pid === undefined) return { ticks: 0, readBytes: 0 }
  const children = readText(`/proc/${pid}/task/${pid}/children`).split(' ').filter(Boolean).map(Number)
  const all = [pid, ...children]
  return {
    ticks: all.reduce((sum, one) => sum + processTicks(one), 0),
    readBytes: all.reduce((sum, one) => sum + readBytesOf(one), 0),
  }
}

function readBytesOf(pid: number): number {
  return Number(/^rchar: (\d+)$/m.exec(readText(`/proc/${pid}/io`))?.[1] ?? 0)
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return ''
  }
}
