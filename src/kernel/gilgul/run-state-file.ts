import { rm } from 'node:fs/promises'
import { replaceFile } from '#kernel/journal'
import type { RunState } from './run-state.ts'

/** Keeps the state file as new as the disk allows: of several changes during one write, the last is written next. */
export interface RunStateFile {
  /** `state` is asked when the write begins. */
  update(state: () => RunState): void
  /** Resolves once the file is gone, and stays gone. */
  remove(): Promise<void>
}

export function createRunStateFile(path: string, onFault: (error: unknown) => void): RunStateFile {
  let wanted: (() => RunState) | undefined
  let writing: Promise<void> | undefined
  let removed = false

  async function write(): Promise<void> {
    while (wanted) {
      const state = wanted()
      wanted = undefined
      // It is a hint: that it cannot be written, say on a full disk, must not keep anything from running.
      await replaceFile(path, `${JSON.stringify(state, null, 2)}\n`).catch(onFault)
    }
    writing = undefined
  }

  return {
    update(state) {
      if (removed) return
      wanted = state
      writing ??= write()
    },
    async remove() {
      removed = true
      await writing
      await rm(path, { force: true })
    },
  }
}
