import { stem } from './porter.ts'
import { STOP_WORDS } from './stop-words.ts'

/** A longer run is cut: what matters of it is found by its beginning. */
const TERM_LENGTH_MAX = 64
/** Stems that are remembered, since most words of a text are few words. At the limit all are forgotten. */
const REMEMBERED_STEMS_MAX = 50_000

const NOT_ASCII = /[^\0-\x7f]/
/** Scripts that put no space between words: their words are found by pairs of letters. */
const UNSPACED =
  '\\p{sc=Han}\\p{sc=Hiragana}\\p{sc=Katakana}\\p{sc=Hangul}\\p{sc=Thai}\\p{sc=Lao}\\p{sc=Khmer}'
const RUN = new RegExp(`[a-z0-9]+|[${UNSPACED}]+|(?:(?![${UNSPACED}])[\\p{L}\\p{N}])+`, 'gu')
const UNSPACED_RUN = new RegExp(`^[${UNSPACED}]`, 'u')
const LETTERS_ONLY = /^[a-z]+$/

const stems = new Map<string, string>()

/**
 * The terms that a text is found by, in order and with repetitions: lower case without accents, English words without
 * stop words and stemmed, words of other alphabets as they are, unspaced scripts as single letters and pairs.
 */
export function termsOf(text: string): string[] {
  const lower = text.toLowerCase()
  if (!NOT_ASCII.test(lower)) return englishTerms(lower.match(/[a-z0-9]+/g) ?? [])
  // Composed again, because taking Korean syllables apart would leave letters that nobody types.
  const plain = lower.normalize('NFD').replace(/\p{M}/gu, '').normalize('NFC')
  return (plain.match(RUN) ?? []).flatMap((run) =>
    UNSPACED_RUN.test(run) ? pairsOf(run) : englishTerms([run]),
  )
}

function englishTerms(words: readonly string[]): string[] {
  const terms: string[] = []
  for (const word of words) if (!STOP_WORDS.has(word)) terms.push(recallStem(word.slice(0, TERM_LENGTH_MAX)))
  return terms
}

function recallStem(word: string): string {
  const known = stems.get(word)
  if (known !== undefined) return known
  const stemmed = LETTERS_ONLY.test(word) ? stem(word) : word
  if (stems.size >= REMEMBERED_STEMS_MAX) stems.clear()
  stems.set(word, stemmed)
  return stemmed
}

function pairsOf(run: string): string[] {
  const letters = [...run]
  return letters.flatMap((letter, index) => {
    const next = letters[index + 1]
    return next === undefined ? [letter] : [letter, letter + next]
  })
}
