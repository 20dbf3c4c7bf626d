export interface Piece {
  readonly text: string
  readonly isMarked: boolean
}

const WORD = /[\p{L}\p{N}]+/gu
/** Shorter words stand everywhere, and marking them says nothing. */
const LETTERS_MIN = 3

/** These stand in most questions and ask for nothing. */
const PLAIN = new Set(
  'and are can does for from has how its that the what when where which who why with you your'.split(' '),
)

/** Cuts a text at the words that a query asks for. Words that only differ in their endings count as the same. */
export function markedWords(text: string, query: string): Piece[] {
  const asked = (query.match(WORD) ?? []).filter((word) => !PLAIN.has(word.toLowerCase()))
  const wanted = new Set(asked.filter((word) => word.length >= LETTERS_MIN).map(stem))
  const pieces: Piece[] = []
  let from = 0
  for (const match of text.matchAll(WORD)) {
    if (!wanted.has(stem(match[0]))) continue
    if (match.index > from) pieces.push({ text: text.slice(from, match.index), isMarked: false })
    pieces.push({ text: match[0], isMarked: true })
    from = match.index + match[0].length
  }
  if (from < text.length) pieces.push({ text: text.slice(from), isMarked: false })
  return pieces
}

/** Rough on purpose: it only decides what is marked, never what is found. */
function stem(word: string): string {
  const lower = word.toLowerCase()
  const cut = lower.replace(/(?:ing|ed|es|s)$/, '')
  return cut.length >= LETTERS_MIN ? cut : lower
}
