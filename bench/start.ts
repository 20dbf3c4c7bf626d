import { spawnSync } from 'node:child_process'
import { createTestRuna } from '../test/system/test-runa.ts'
import { median, type Row } from './row.ts'

const ROUNDS = 5
const AIM_MS = 1_500

/**
 * From `runa up --detach` until every service has said that it is ready, with everything in the cache of the system. Beside
 * it an empty Node, which nothing that consists of Nodes can be faster than.
 */
export async function benchStart(): Promise<Row[]> {
  const runa = createTestRuna()
  try {
    const warm: number[] = []
    const empty: number[] = []
    for (let round = 0; round <= ROUNDS; round += 1) {
      const startedMs = performance.now()
      await runa.runa('up', '--detach')
      const readyMs = performance.now() - startedMs
      await runa.runa('down')
      empty.push(timeOf(() => spawnSync(process.execPath, ['-e', ''])))
      // The first makes the vault, and fills the cache.
      if (round > 0) warm.push(readyMs)
    }
    return [rowOf('all of Runa, warm', median(warm)), rowOf('an empty Node', median(empty))]
  } finally {
    await runa.remove()
  }
}

function timeOf(work: () => void): number {
  const startedMs = performance.now()
  work()
  return performance.now() - startedMs
}

function rowOf(name: string, ms: number): Row {
  return {
    ...{ case: name, ours: Math.round(ms), peer: 'aim', theirs: AIM_MS, unit: 'ms' },
    ratio: Number((AIM_MS / ms).toFixed(2)),
  }
}
