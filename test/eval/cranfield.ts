import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** The Cranfield collection: abstracts, questions, and how well the one answers the other. */
export interface Cranfield {
  readonly documents: readonly { readonly id: number; readonly title: string; readonly text: string }[]
  readonly questions: readonly {
    readonly text: string
    /** Gain by document: 4 for a complete answer, 1 for one of little use. */
    readonly gains: ReadonlyMap<number, number>
  }[]
}

export async function readCranfield(folder: string): Promise<Cranfield> {
  const read = (name: string) => readFile(join(folder, name), 'latin1')
  const [documents, questions, judgements] = await Promise.all(
    ['cran.all.1400', 'cran.qry', 'cranqrel'].map(read),
  )
  const gains = readGains(judgements ?? '')
  return {
    documents: recordsOf(documents ?? '').map((record) => ({
      id: Number.parseInt(record, 10),
      title: sectionOf(record, 'T'),
      text: sectionOf(record, 'W'),
    })),
    // The judgements count the questions by their order in the file, not by the number that stands there.
    questions: recordsOf(questions ?? '').map((record, index) => ({
      text: sectionOf(record, 'W'),
      gains: gains.get(index + 1) ?? new Map(),
    })),
  }
}

function recordsOf(text: string): string[] {
  return text.split(/^\.I /m).slice(1)
}

function sectionOf(record: string, name: string): string {
  const [, section = ''] =
    new RegExp(`^\\.${name}\\s*\\n([\\s\\S]*?)(?=^\\.[A-Z]\\s*$|(?![\\s\\S]))`, 'm').exec(record) ?? []
  return section.replace(/\s+/g, ' ').trim()
}

/** Codes run from 1, the best, to 4; -1 and 5 mean that the document is of no use. */
function readGains(judgements: string): Map<number, Map<number, number>> {
  const gains = new Map<number, Map<number, number>>()
  for (const line of judgements.trim().split('\n')) {
    const [question = 0, document = 0, code = 0] = line.trim().split(/\s+/).map(Number)
    if (code < 1 || code > 4) continue
    const ofQuestion = gains.get(question) ?? new Map<number, number>()
    gains.set(question, ofQuestion.set(document, 5 - code))
  }
  return gains
}

/** Normalised discounted cumulative gain of the first ten: Järvelin and Kekäläinen 2002, with linear gains. */
export function ndcgAt10(ranked: readonly number[], gains: ReadonlyMap<number, number>): number {
  const discounted = (values: readonly number[]) =>
    values.slice(0, 10).reduce((sum, gain, index) => sum + gain / Math.log2(index + 2), 0)
  const ideal = discounted([...gains.values()].sort((a, b) => b - a))
  return ideal === 0 ? 0 : discounted(ranked.map((document) => gains.get(document) ?? 0)) / ideal
}
