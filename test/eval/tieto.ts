import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadEmbedder } from '#kernel/embedding'
import { Tieto } from '#knowledge/tieto'
import { ndcgAt10, readCranfield } from './cranfield.ts'
import { type Row, row } from './row.ts'
import { FITTING_QUESTIONS, FOREIGN_QUESTIONS } from './unseen-questions.ts'

const MODES = ['bm25', 'cosine', 'mixed'] as const
const TEXTS_AT_ONCE = 100

/** Ranking on Cranfield, `no match` on Moby Dick, and speed, all through the library as people use it. */
export async function evalTieto(shared: string): Promise<Row[]> {
  const folder = await mkdtemp(join(tmpdir(), 'runa-eval-'))
  try {
    const tieto = await Tieto.open(folder)
    return [
      ...(await evalRanking(tieto, join(shared, 'data/retrieval'))),
      ...(await evalNoMatch(tieto, join(shared, 'data/text/moby.txt'))),
      ...(await evalEmbedding(join(shared, 'data/text/moby.txt'))),
    ]
  } finally {
    await rm(folder, { recursive: true })
  }
}

async function evalRanking(tieto: Tieto, folder: string): Promise<Row[]> {
  const { documents, questions } = await readCranfield(folder)
  for (let from = 0; from < documents.length; from += TEXTS_AT_ONCE) {
    const texts = documents
      .slice(from, from + TEXTS_AT_ONCE)
      .map(({ id, title, text }) => ({ name: String(id), text: `${title}\n\n${text}` }))
    await drain(tieto.ingest('cranfield', { texts }))
  }
  const rows: Row[] = []
  for (const mode of MODES) {
    const figures: number[] = []
    for (const { text, gains } of questions) {
      const { passages } = await tieto.search('cranfield', text, { mode, passagesMax: 30 })
      const ranked = [...new Set(passages.map(({ document }) => Number(document)))]
      figures.push(ndcgAt10(ranked, gains))
    }
    rows.push(
      row(`cranfield ${mode}`, 'nDCG@10', figures.reduce((sum, figure) => sum + figure, 0) / figures.length),
    )
  }
  return rows
}

async function evalNoMatch(tieto: Tieto, path: string): Promise<Row[]> {
  const ingestMs = await timeOf(() => drain(tieto.ingest('moby', path)))
  const matching = async (questions: readonly string[]) => {
    const results = await Promise.all(questions.map((question) => tieto.search('moby', question)))
    return results.filter(({ match }) => match).length / questions.length
  }
  const answered = await matching(FITTING_QUESTIONS)
  const refused = 1 - (await matching(FOREIGN_QUESTIONS))
  const searchMs = await timeOf(() => matching(FITTING_QUESTIONS))
  return [
    row('moby fitting questions', 'share answered', answered),
    row('moby foreign questions', 'share refused', refused),
    row('moby ingest', 'ms', ingestMs),
    row('moby search', 'ms', searchMs / FITTING_QUESTIONS.length),
  ]
}

const WORDS_A_TEXT = 20

async function evalEmbedding(path: string): Promise<Row[]> {
  const embedder = await loadEmbedder()
  const words = (await readFile(path, 'utf8')).split(/\s+/)
  const texts = words.flatMap((_, index) =>
    index % WORDS_A_TEXT === 0 ? words.slice(index, index + WORDS_A_TEXT).join(' ') : [],
  )
  const embedAll = async () => {
    for (const text of texts) embedder.embed(text)
  }
  const timesMs: number[] = []
  for (let round = 0; round < 5; round += 1) timesMs.push(await timeOf(embedAll))
  const medianMs = timesMs.sort((a, b) => a - b)[2] ?? Number.NaN
  return [row('embedding, 20 words each', 'texts/s', texts.length / (medianMs / 1_000))]
}

async function timeOf(run: () => Promise<unknown>): Promise<number> {
  const startedMs = performance.now()
  await run()
  return performance.now() - startedMs
}

async function drain(items: AsyncIterable<unknown>): Promise<void> {
  const iterator = items[Symbol.asyncIterator]()
  while (!(await iterator.next()).done);
}
