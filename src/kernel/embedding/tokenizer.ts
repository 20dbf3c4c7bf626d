import { RunaError } from '#protocol'

export interface Tokenizer {
  /** Calls `visit` with the number of each word piece, in order. Words that the vocabulary cannot spell are left out. */
  tokenize(text: string, visit: (token: number) => void): void
}

/** A longer run of letters and digits is no word: a key, a hash. It gets no tokens. */
const WORD_LENGTH_MAX = 64
/** Words outside the vocabulary whose pieces are remembered. At the limit all are forgotten. */
const REMEMBERED_WORDS_MAX = 20_000
const NOT_ASCII = /[^\0-\x7f]/

/**
 * WordPiece: a word of the vocabulary as it is, any other by greedy longest match, `##` marking a piece that goes on.
 * Source: Wu et al. 2016, arXiv:1609.08144; the longest match as in Song et al. 2021, arXiv:2012.15524.
 */
export function createTokenizer(vocabulary: readonly string[]): Tokenizer {
  const numbers = new Map(vocabulary.map((piece, number) => [piece, number]))
  if (numbers.size !== vocabulary.length) {
    throw new RunaError('EMBEDDING_INVALID', 'The vocabulary of the embedding table names a piece twice.')
  }
  const pieceLengthMax = vocabulary.reduce((longest, piece) => Math.max(longest, piece.length), 1)
  const remembered = new Map<string, readonly number[]>()

  function spell(word: string): readonly number[] {
    if (word.length > WORD_LENGTH_MAX) return []
    const pieces: number[] = []
    for (let start = 0; start < word.length; ) {
      let end = Math.min(word.length, start + pieceLengthMax)
      let number: number | undefined
      for (; end > start; end -= 1) {
        number = numbers.get(start === 0 ? word.slice(0, end) : `##${word.slice(start, end)}`)
        if (number !== undefined) break
      }
      if (number === undefined) return []
      pieces.push(number)
      start = end
    }
    return pieces
  }

  function recall(word: string): readonly number[] {
    const known = remembered.get(word)
    if (known) return known
    const pieces = spell(word)
    if (remembered.size >= REMEMBERED_WORDS_MAX) remembered.clear()
    remembered.set(word, pieces)
    return pieces
  }

  return {
    tokenize(text, visit) {
      const plain = fold(text)
      for (const word of plain.match(/[a-z0-9]+/g) ?? []) {
        const whole = numbers.get(word)
        if (whole !== undefined) visit(whole)
        else for (const piece of recall(word)) visit(piece)
      }
    },
  }
}

/** Lower case without accents. Plain English, which is most of what comes, needs no normalisation. */
function fold(text: string): string {
  const lower = text.toLowerCase()
  return NOT_ASCII.test(lower) ? lower.normalize('NFD').replace(/\p{M}/gu, '') : lower
}
