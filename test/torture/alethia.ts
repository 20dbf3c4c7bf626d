import { randomBytes } from 'node:crypto'
import { cp, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { openAlethia } from '#knowledge/alethia'
import { openRecordLog } from '../../src/knowledge/alethia/log/record-log.ts'
import { liveAndDie } from './mortal.ts'
import type { TortureOptions, TortureRow } from './row.ts'

const WORKER = fileURLToPath(new URL('alethia-worker.js', import.meta.url))
const LIFE_MS_MAX = 80
/** A new memory after so many deaths, so that looking at it stays quick. */
const DEATHS_PER_MEMORY = 10

/** Kills who remembers and forgets at random moments, and looks for what was acknowledged. */
export async function tortureAlethia({ faults, random }: TortureOptions): Promise<TortureRow[]> {
  const planted = await runStorm('hasty', Math.max(8, Math.ceil(faults / 4)), random)
  return [
    { case: 'remember and forget', ...(await runStorm('careful', faults, random)) },
    { case: 'planted: acknowledged too early', ...planted, found: planted.lost + planted.unforgotten > 0 },
  ]
}

interface Counts {
  readonly faults: number
  lost: number
  torn: number
  wedged: number
  /** Said to be forgotten, and yet the disk and the master key give it away. */
  unforgotten: number
  remembered: number
  forgotten: number
}

async function runStorm(role: string, faults: number, random: () => number): Promise<Counts> {
  const counts = { faults, lost: 0, torn: 0, wedged: 0, unforgotten: 0, remembered: 0, forgotten: 0 }
  for (let left = faults; left > 0; left -= DEATHS_PER_MEMORY) {
    const folder = await mkdtemp(join(tmpdir(), 'runa-torture-alethia-'))
    const masterKey = randomBytes(32)
    const said = new Set<string>()
    try {
      for (let death = 0; death < Math.min(left, DEATHS_PER_MEMORY); death += 1) {
        const life = [WORKER, role, folder, masterKey.toString('hex')]
        const acknowledged = await liveAndDie(life, random() * LIFE_MS_MAX)
        if (acknowledged === undefined) counts.wedged += 1
        for (const line of acknowledged ?? []) said.add(line)
        // Before anybody starts and makes good what the death left undone.
        await lookForForgotten(folder, masterKey, idsOf(said, 'forgotten'), counts)
      }
      await lookForRemembered(folder, masterKey, said, counts)
    } finally {
      await rm(folder, { recursive: true })
    }
  }
  return counts
}

function idsOf(said: ReadonlySet<string>, deed: string): string[] {
  return [...said].filter((line) => line.startsWith(`${deed} `)).map((line) => line.slice(deed.length + 1))
}

/** On a copy, since opening mends. */
async function lookForForgotten(
  folder: string,
  masterKey: Buffer,
  forgotten: readonly string[],
  counts: Counts,
): Promise<void> {
  const copy = `${folder}.copy`
  await cp(folder, copy, { recursive: true })
  try {
    if (!(await readdir(copy)).includes('user.key')) return
    const contents: string[] = []
    const log = await openRecordLog(copy, masterKey, (_, content) => contents.push(String(content ?? '')))
    await log.close()
    const readable = contents.join('\n')
    counts.unforgotten += forgotten.filter((id) => readable.includes(`said ${id}`)).length
  } finally {
    await rm(copy, { recursive: true })
  }
}

async function lookForRemembered(
  folder: string,
  masterKey: Buffer,
  said: ReadonlySet<string>,
  counts: Counts,
): Promise<void> {
  const alethia = await openAlethia(folder, { masterKey })
  const { faults } = await alethia.verify()
  const found = new Set(
    alethia.threads().flatMap(({ id }) => alethia.thread(id).turns.map((turn) => turn.id)),
  )
  const forgotten = idsOf(said, 'forgotten')
  const remembered = idsOf(said, 'remembered')
  counts.torn += faults.length
  counts.remembered += remembered.length
  counts.forgotten += forgotten.length
  counts.unforgotten += forgotten.filter((id) => found.has(id)).length
  counts.lost += remembered.filter((id) => !found.has(id) && !isGone(alethia, id)).length
  await alethia.close()
}

/** The wish may have reached the disk although nobody was told any more. */
function isGone(alethia: Awaited<ReturnType<typeof openAlethia>>, id: string): boolean {
  try {
    alethia.turn(id)
    return false
  } catch (error) {
    return (error as { code?: string }).code === 'TURN_FORGOTTEN'
  }
}
