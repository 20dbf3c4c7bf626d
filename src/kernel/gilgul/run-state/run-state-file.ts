import { open, rm } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { replaceFile } from '#kernel/journal'
import type { RunState } from './run-state.ts'

/** Keeps the state file as new as the disk allows: of several changes during one write, the last is written next. */
export interface RunStateFile {
  /** `state` is asked when the write begins. */
  update(state: () => RunState): void
  /** Resolves once the file is gone, and stays gone. */
  remove(): Promise<void>
}

const AGAIN_MS = 1_000

export function createRunStateFile(path: string, onFault: (error: unknown) => void): RunStateFile {
  let wanted: (() => RunState) | undefined
  let writing: Promise<void> | undefined
  const removed = new AbortController()

  async function write(): Promise<void> {
    for (let state = take(); state; state = take()) {
      try {
        // To know the state takes descriptors, of which none may be left.
        const text = `${JSON.stringify(state(), null, 2)}\n`
        // It is a hint: that it cannot be written must not keep anything from running.
        await replaceFile(path, text).catch(() => overwrite(path, text))
      } catch (error) {
        onFault(error)
        await sleep(AGAIN_MS, undefined, { signal: removed.signal, ref: false }).catch(() => {})
        if (removed.signal.aborted) break
        wanted ??= state
      }
    }
    writing = undefined
  }

  function take(): (() => RunState) | undefined {
    const next = wanted
    wanted = undefined
    return next
  }

  return {
    update(state) {
      if (removed.signal.aborted) return
      wanted = state
      writing ??= write()
    },
    async remove() {
      removed.abort()
      await writing
      await rm(path, { force: true })
    },
  }
}

/**
 * Within the room that the file has already, which a full disk allows. Who reads it meanwhile may find no state; who
 * wants to reach a gilgul that began on a full disk finds it by nothing else.
 */
async function overwrite(path: string, text: string): Promise<void> {
  const file = await open(path, 'r+')
  try {
    const bytes = Buffer.from(text)
    await file.write(bytes, 0, bytes.length, 0)
    await file.truncate(bytes.length)
  } finally {
    await file.close()
  }
}
