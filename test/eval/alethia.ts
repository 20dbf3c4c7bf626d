import { mkdtemp, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { packageFolder } from '#kernel/home'
import { openAlethia } from '#knowledge/alethia'
import { Bm25Index, bestRows, termsOf } from '#knowledge/search'
import { createUuidV7 } from '#protocol'
import { installPeers } from '../../bench/install-peers.ts'
import { CATEGORIES, type Locomo, type LocomoUtterance, readLocomo } from './locomo.ts'
import { type Row, row } from './row.ts'

/** Ids of utterances that a question finds, best first. */
type Search = (question: string) => string[]
interface System {
  readonly name: string
  open(utterances: readonly LocomoUtterance[]): Promise<Search>
}

const FOUND_MAX = 10

/** Which of the utterances that answer a question are among the first 5 and 10, beside what one would use instead. */
export async function evalAlethia(shared: string): Promise<Row[]> {
  const conversations = await readLocomo(join(shared, 'data/memory'))
  const systems = [ALETHIA, PLAIN_BM25, ...fts5()]
  const rows: Row[] = []
  for (const system of systems) rows.push(...(await measure(system, conversations)))
  return rows
}

async function measure({ name, open }: System, conversations: readonly Locomo[]): Promise<Row[]> {
  const recalls = new Map<string, { at5: number; at10: number }[]>()
  const timesMs: number[] = []
  for (const { utterances, questions } of conversations) {
    const search = await open(utterances)
    for (const { text, category, evidence } of questions) {
      const startedMs = performance.now()
      const found = search(text)
      timesMs.push(performance.now() - startedMs)
      const shareIn = (ids: readonly string[]) =>
        evidence.filter((id) => ids.includes(id)).length / evidence.length
      const recall = { at5: shareIn(found.slice(0, 5)), at10: shareIn(found.slice(0, 10)) }
      for (const group of [category, 'all']) recalls.set(group, [...(recalls.get(group) ?? []), recall])
    }
  }
  const figures = [...CATEGORIES, 'all'].flatMap((group) => {
    const ofGroup = recalls.get(group) ?? []
    const mean = (at: 'at5' | 'at10') => ofGroup.reduce((sum, recall) => sum + recall[at], 0) / ofGroup.length
    const label = name === ALETHIA.name ? group : `${group}, ${name}`
    return [row(label, 'R@5', mean('at5')), row(label, 'R@10', mean('at10'))]
  })
  const medianMs = timesMs.sort((a, b) => a - b)[timesMs.length >> 1] ?? Number.NaN
  return [...figures, row(`search, ${name}`, 'ms', medianMs)]
}

/** Through the library as people use it, from sealed records that were read back from the disk. */
const ALETHIA: System = {
  name: 'alethia',
  async open(utterances) {
    const folder = await mkdtemp(join(tmpdir(), 'runa-eval-alethia-'))
    const masterKey = Buffer.alloc(32, 7)
    const threads = new Map<number, string>()
    const ids = new Map<string, string>()
    try {
      const writing = await openAlethia(folder, { masterKey })
      for (const { id, session, speaker, text } of utterances) {
        const turn = createUuidV7()
        ids.set(turn, id)
        const thread = threads.get(session) ?? createUuidV7()
        threads.set(session, thread)
        await writing.remember({ id: turn, thread, utterances: [{ speaker, text }] })
      }
      await writing.close()
      const reading = await openAlethia(folder, { masterKey })
      await reading.close()
      return (question) => reading.recall(question, {}, FOUND_MAX).map(({ turn }) => ids.get(turn) ?? '')
    } finally {
      await rm(folder, { recursive: true })
    }
  },
}

/** The same terms without what stands around them: what the context is worth. */
const PLAIN_BM25: System = {
  name: 'plain BM25',
  async open(utterances) {
    const index = new Bm25Index()
    for (const { speaker, text } of utterances) index.add(termsOf(`${speaker}: ${text}`))
    return (question) =>
      bestRows(index.score(termsOf(question)), FOUND_MAX).map((found) => utterances[found]?.id ?? '')
  },
}

interface SqliteModule {
  readonly Database: new () => SqliteDatabase
}
interface SqliteDatabase {
  exec(sql: string): void
  run(sql: string, values: readonly unknown[]): void
  all(sql: string, values: readonly unknown[]): Record<string, unknown>[]
}

/** SQLite's full-text search with Porter's stems. */
function fts5(): System[] {
  if (!installPeers()) {
    process.stderr.write('SQLite FTS5 is not compared: it could not be installed.\n')
    return []
  }
  const peers = packageFolder('bench', 'peers', 'package.json')
  const sqlite = createRequire(peers)('node-sqlite3-wasm') as SqliteModule
  return [
    {
      name: 'SQLite FTS5',
      async open(utterances) {
        const database = new sqlite.Database()
        database.exec("CREATE VIRTUAL TABLE said USING fts5(text, tokenize = 'porter unicode61')")
        for (const [index, { speaker, text }] of utterances.entries()) {
          database.run('INSERT INTO said (rowid, text) VALUES (?, ?)', [index + 1, `${speaker}: ${text}`])
        }
        return (question) => {
          const words = [...new Set(question.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [])]
          // The stop words that our terms leave out are left out here as well: FTS5 has none of its own.
          const asked = words.filter((word) => termsOf(word).length > 0)
          const match = (asked.length > 0 ? asked : words).map((word) => `"${word}"`).join(' OR ')
          const found = database.all(
            `SELECT rowid AS id FROM said WHERE said MATCH ? ORDER BY bm25(said) LIMIT ${FOUND_MAX}`,
            [match],
          )
          return found.map(({ id }) => utterances[Number(id) - 1]?.id ?? '')
        }
      },
    },
  ]
}
