import { PASSAGES_FOUND_MAX, type Passage, tietoContract } from '#protocol'
import { withRuna } from '../connection.ts'
import { print, wholeNumber } from '../output.ts'

export interface SearchOptions {
  readonly topic: readonly string[]
  readonly filter?: string
  readonly count: string
  readonly json: boolean
}

const SHOWN_LENGTH_MAX = 300

export async function search(query: string, { topic, filter, count, json }: SearchOptions): Promise<void> {
  const passagesMax = wholeNumber('-k', count, PASSAGES_FOUND_MAX)
  await withRuna(['tieto'], async ({ client, signal }) => {
    const input = { query, topics: [...topic], passagesMax, ...(filter === undefined ? {} : { filter }) }
    const found = await client(tietoContract).search(input, { signal })
    const lines = found.passages.map(describe)
    if (!found.match) lines.unshift('Nothing fits well. The nearest:')
    print(found, json, found.passages.length === 0 ? 'Nothing found.' : lines.join('\n'))
  })
}

function describe(passage: Passage, index: number): string {
  const { score, topic, document, start, end, text } = passage
  const line = text.replaceAll(/\s+/g, ' ').trim()
  const shown = line.length > SHOWN_LENGTH_MAX ? `${line.slice(0, SHOWN_LENGTH_MAX)}…` : line
  return `${index + 1}. ${score.toFixed(2)}  ${topic}: ${document}, bytes ${start} to ${end}\n   ${shown}`
}
