import type { Citation, Notice, NumberedPassage, Passage, Quote } from '#protocol'

/** `[1]`, `[1, 2]`: how an answer names the passages that it rests on. */
const MARKER = /\[(\d{1,3}(?:\s*,\s*\d{1,3})*)\]/g

/** What stands in code is no citation: `list[1]`. */
const CODE = /```[\s\S]*?(?:```|$)|`[^`\n]*`/g

/** A passage as the search found it, under the number by which the answer names it. */
export type GivenPassage = NumberedPassage & Pick<Passage, 'source' | 'headings'>

export interface Cited {
  /** One for each number, in the order in which the answer first names them. */
  readonly citations: Citation[]
  /** What was cited and does not exist. */
  readonly notices: Notice[]
}

/**
 * What an answer rests on. Where the engine says what it quoted, the citation is that quote, to the byte; else it is
 * the whole passage that a marker in the text names. Several quotes of one passage become the span that holds them.
 */
export function findCitations(
  answer: string,
  passages: readonly GivenPassage[],
  quotes: readonly Quote[],
): Cited {
  const given = new Map(passages.map((passage) => [passage.number, passage]))
  const spans = spansOf(quotes)
  const citations: Citation[] = []
  const notices: Notice[] = []
  for (const number of new Set([...numbersIn(answer), ...spans.keys()])) {
    const passage = given.get(number)
    const citation = passage && cite(passage, spans.get(number) ?? passage)
    if (citation) citations.push(citation)
    else
      notices.push({
        kind: 'citation-dropped',
        detail: `The answer cites [${number}], which does not exist.`,
      })
  }
  return { citations, notices }
}

function numbersIn(answer: string): number[] {
  const prose = answer.replace(CODE, ' ')
  return [...prose.matchAll(MARKER)].flatMap((marker) => (marker[1] ?? '').split(',').map(Number))
}

function spansOf(quotes: readonly Quote[]): Map<number, { start: number; end: number }> {
  const spans = new Map<number, { start: number; end: number }>()
  for (const { number, start, end } of quotes) {
    const span = spans.get(number) ?? { start, end }
    spans.set(number, { start: Math.min(span.start, start), end: Math.max(span.end, end) })
  }
  return spans
}

/** Undefined where the text is not, byte for byte, what the offsets say: better no citation than a wrong one. */
function cite(passage: GivenPassage, { start, end }: { start: number; end: number }): Citation | undefined {
  const bytes = Buffer.from(passage.text)
  if (bytes.length !== passage.end - passage.start) return undefined
  if (start < passage.start || end > passage.end || start >= end) return undefined
  const part = bytes.subarray(start - passage.start, end - passage.start)
  const text = part.toString()
  if (Buffer.compare(Buffer.from(text), part) !== 0) return undefined
  const { number, topic, document, title, source } = passage
  return { number, topic, document, start, end, title, source, text }
}
