import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { openJournal } from '#kernel/journal'
import { call, createMemoryTransports, serve } from '#kernel/service'
import { type Alethia, createAlethiaHandlers, openAlethia } from '#knowledge/alethia'
import { alethiaContract, createUuidV7 } from '#protocol'
import { migrateThreads } from '../../src/face/conversation/migration/migration.ts'
import { liveAndDie } from './mortal.ts'
import type { TortureOptions, TortureRow } from './row.ts'

const WORKER = fileURLToPath(new URL('migration-worker.js', import.meta.url))
const MASTER_KEY = Buffer.alloc(32, 7)
const LIFE_MS_MAX = 250
const THREADS = 12
const TURNS = 6
/** A new set of old threads after so many deaths: by then most are moved. */
const DEATHS_PER_SET = 5

interface Opened {
  readonly alethia: Alethia
  readonly faults: number
  close(): Promise<void>
}

/** Resolves once everything is moved. */
export async function openMigration(threads: string, memory: string, hasty: boolean): Promise<Opened> {
  const alethia = await openAlethia(memory, { masterKey: MASTER_KEY })
  const [serverSide, clientSide] = createMemoryTransports()
  const service = serve(alethiaContract, createAlethiaHandlers(alethia), serverSide)
  const client = call(alethiaContract, clientSide)
  const believe: typeof client.remember = async (turn) => {
    client.remember(turn).catch(() => {})
    return {}
  }
  const signal = new AbortController().signal
  const migration = migrateThreads(threads, hasty ? { ...client, remember: believe } : client, { signal })
  await migration.settled(signal)
  return {
    alethia,
    faults: migration.faults().length,
    async close() {
      await service.stop()
      await alethia.close()
    },
  }
}

/** Kills who moves old threads at random moments, and looks for each turn of them. */
export async function tortureMigration({ faults, random }: TortureOptions): Promise<TortureRow[]> {
  const planted = await runStorm('hasty', Math.max(10, Math.ceil(faults / 4)), random)
  return [
    { case: 'move old threads', ...(await runStorm('careful', faults, random)) },
    { case: 'planted: acknowledged too early', ...planted, found: planted.lost > 0 },
  ]
}

async function runStorm(role: string, faults: number, random: () => number) {
  const counts = { faults, lost: 0, torn: 0, wedged: 0, doubled: 0, left: 0, moved: 0 }
  for (let left = faults; left > 0; left -= DEATHS_PER_SET) {
    const folder = await mkdtemp(join(tmpdir(), 'runa-torture-migration-'))
    const [threads, memory] = [join(folder, 'threads'), join(folder, 'memory')]
    try {
      const written = await writeOldThreads(threads)
      for (let death = 0; death < Math.min(left, DEATHS_PER_SET); death += 1) {
        const said = await liveAndDie([WORKER, role, threads, memory], random() * LIFE_MS_MAX)
        if (said === undefined) counts.wedged += 1
      }
      const { alethia, faults: torn, close } = await openMigration(threads, memory, false)
      const found = alethia.threads().flatMap(({ id }) => alethia.thread(id).turns.map((turn) => turn.id))
      await close()
      counts.torn += torn
      counts.lost += written.filter((id) => !found.includes(id)).length
      counts.doubled += found.length - new Set(found).size
      counts.left += (await readdir(threads)).length
      counts.moved += written.length
    } finally {
      await rm(folder, { recursive: true })
    }
  }
  return counts
}

/** As an earlier Runa kept them, of very different lengths. Returns the ids of the turns. */
async function writeOldThreads(folder: string): Promise<string[]> {
  await mkdir(folder)
  const ids: string[] = []
  for (let count = 0; count < THREADS; count += 1) {
    const thread = createUuidV7()
    const { journal } = await openJournal(join(folder, `${thread}.journal`))
    for (let turn = 0; turn < TURNS; turn += 1) {
      const id = createUuidV7()
      ids.push(id)
      await journal.append(Buffer.from(JSON.stringify({ kind: 'turn', turn: oldTurn(id, thread, turn) })))
    }
    await journal.close()
  }
  return ids
}

function oldTurn(id: string, thread: string, count: number) {
  const answer = 'word '.repeat(count % 3 === 0 ? 10_000 : 50)
  return {
    ...{ id, thread, at: count, question: `Question ${count}`, answer, reason: 'stop', persona: 'default' },
    ...{ citations: [], passages: [], verdicts: [], sampling: {} },
    prompt: [{ origin: 'question', role: 'user', text: `Question ${count}` }],
    model: { id: 'none', engine: 'none', digest: '' },
    usage: { promptTokens: 0, completionTokens: 0 },
    timings: { searchMs: 0, firstTokenMs: 0, totalMs: 0 },
  }
}
