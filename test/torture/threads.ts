import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createUuidV7 } from '#protocol'
import { openThreads } from '../../src/face/conversation/threads.ts'
import { liveAndDie } from './mortal.ts'
import type { TortureOptions, TortureRow } from './row.ts'

const WORKER = fileURLToPath(new URL('threads-worker.js', import.meta.url))
const LIFE_MS_MAX = 60
const THREADS = 3
/** A new set of threads after so many deaths, so that none reaches its limit. */
const DEATHS_PER_SET = 10

/** Kills who stores turns at random moments, and looks for each turn that was acknowledged. */
export async function tortureThreads({ faults, random }: TortureOptions): Promise<TortureRow[]> {
  const planted = await runStorm('hasty', Math.max(8, Math.ceil(faults / 4)), random)
  return [
    { case: 'append a turn', ...(await runStorm('careful', faults, random)) },
    { case: 'planted: acknowledged too early', ...planted, found: planted.lost > 0 },
  ]
}

interface Counts {
  readonly faults: number
  lost: number
  torn: number
  wedged: number
  doubled: number
  accepted: number
}

async function runStorm(role: string, faults: number, random: () => number): Promise<Counts> {
  const counts: Counts = { faults, lost: 0, torn: 0, wedged: 0, doubled: 0, accepted: 0 }
  for (let left = faults; left > 0; left -= DEATHS_PER_SET) {
    const folder = await mkdtemp(join(tmpdir(), 'runa-torture-threads-'))
    const ids = Array.from({ length: THREADS }, () => createUuidV7())
    const accepted = new Set<string>()
    try {
      for (let death = 0; death < Math.min(left, DEATHS_PER_SET); death += 1) {
        const acknowledged = await liveAndDie([WORKER, role, folder, ...ids], random() * LIFE_MS_MAX)
        // Nobody came to the first turn: who opens the threads after a death could not go on.
        if (acknowledged === undefined) counts.wedged += 1
        for (const id of acknowledged ?? []) accepted.add(id)
      }
      await look(folder, accepted, counts)
    } finally {
      await rm(folder, { recursive: true })
    }
  }
  return counts
}

async function look(folder: string, accepted: ReadonlySet<string>, counts: Counts): Promise<void> {
  const threads = await openThreads(folder)
  counts.torn += threads.faults.length
  const found: string[] = []
  for (const { id } of threads.list()) {
    const { records } = await threads.read(id)
    found.push(...records.map((record) => record.id))
  }
  counts.accepted += accepted.size
  counts.doubled += found.length - new Set(found).size
  counts.lost += [...accepted].filter((id) => !found.includes(id)).length
}
