import type { Embedder } from '#kernel/embedding'
import type { NumberedPassage } from '#protocol'
import { definitionAsked } from './definition.ts'
import { cutSentences, oneLine, type Sentence } from './sentences.ts'
import { contentTerms, rarities } from './terms.ts'

/** Something to quote. Offsets count the bytes of the source file. */
export interface ChosenQuote {
  readonly number: number
  readonly text: string
  readonly start: number
  readonly end: number
}

interface Candidate {
  readonly passage: NumberedPassage
  readonly sentences: readonly Sentence[]
  readonly index: number
  readonly score: number
  readonly vector: Float32Array
}

const PASSAGES_MAX = 20
const QUOTES_MAX = 3
const QUOTE_CHARACTERS_MAX = 700
/** Weights as measured: see docs/guides/models.md. */
const COVERAGE_WEIGHT = 0.2
const COSINE_WEIGHT = 0.1
const QUESTION_PENALTY = 0.25
const SAMENESS_PENALTY = 0.3
/** More than any difference between passages that fit about as well, less than that to one that does not. */
const DEFINITION_BONUS = 0.4
/** A sentence without any word of the question is only quoted if it means as much as this. */
const COSINE_ALONE_MIN = 0.4
/** What fits so much worse than the best is left out. */
const SCORE_OF_BEST_MIN = 0.7
/** Below this a sentence is taken together with the next. */
const READABLE_CHARACTERS_MIN = 40
const POINTS_BACK =
  /^(?:it|its|they|them|their|he|she|his|her|this|that|these|those|but|and|so|then|however|instead|otherwise|such)\b/i

/**
 * The sentences that answer best, at most one a passage, in order of fit: the passage's score, the share of the
 * question's rare words, likeness of meaning, whether it defines what is asked for, and unlikeness to what was chosen
 * before (maximal marginal relevance, Carbonell and Goldstein 1998).
 */
export function chooseQuotes(
  question: string,
  passages: readonly NumberedPassage[],
  embedder: Embedder,
): ChosenQuote[] {
  const candidates = rateSentences(question, passages.slice(0, PASSAGES_MAX), embedder)
  const chosen: Candidate[] = []
  while (chosen.length < QUOTES_MAX) {
    const next = pickNext(candidates, chosen)
    if (!next) break
    chosen.push(next)
  }
  const quotes = chosen.map((candidate) => ({ passage: candidate.passage, quote: toQuote(candidate) }))
  const isRepeated = (quote: PlacedQuote, index: number) =>
    quotes.slice(0, index).some((earlier) => saysSame(earlier, quote))
  return quotes.filter((quote, index) => !isRepeated(quote, index)).map(({ quote }) => quote)
}

interface PlacedQuote {
  readonly passage: NumberedPassage
  readonly quote: ChosenQuote
}

/** Two documents may say the same, and two passages of one document may overlap. */
function saysSame(one: PlacedQuote, other: PlacedQuote): boolean {
  if (one.quote.text === other.quote.text) return true
  const isSameFile =
    one.passage.topic === other.passage.topic && one.passage.document === other.passage.document
  return isSameFile && one.quote.start < other.quote.end && other.quote.start < one.quote.end
}

function rateSentences(
  question: string,
  passages: readonly NumberedPassage[],
  embedder: Embedder,
): Candidate[] {
  const asked = contentTerms(question)
  const meant = embedder.embed(question)
  const defines = definitionAsked(question)
  const bestScore = Math.max(...passages.map((passage) => passage.score), 0) || 1
  const found = passages.flatMap((passage) => {
    const sentences = cutSentences(passage.text)
    return sentences.map((sentence, index) => ({
      passage,
      sentences,
      index,
      terms: contentTerms(sentence.text),
      vector: embedder.embed(sentence.text),
      isQuestion: /\?["'”’)]*$/.test(sentence.text),
      isDefinition: defines?.(sentence.text) ?? false,
    }))
  })
  const rarity = rarities(
    asked,
    found.map(({ terms }) => terms),
  )
  const wholeRarity = [...rarity.values()].reduce((sum, value) => sum + value, 0) || 1
  return found.flatMap(({ terms, isQuestion, isDefinition, ...candidate }) => {
    const shared = [...asked].filter((term) => terms.has(term))
    const coverage = shared.reduce((sum, term) => sum + (rarity.get(term) ?? 0), 0) / wholeRarity
    const cosine = dot(meant, candidate.vector)
    // The bare name that was asked for, cried out or as a title, answers nothing.
    if (terms.size <= 1 && shared.length === terms.size) return []
    if (asked.size > 0 && shared.length === 0 && cosine < COSINE_ALONE_MIN) return []
    const score =
      candidate.passage.score / bestScore +
      COVERAGE_WEIGHT * coverage +
      COSINE_WEIGHT * cosine +
      (isDefinition ? DEFINITION_BONUS : 0) -
      (isQuestion ? QUESTION_PENALTY : 0)
    return [{ ...candidate, score }]
  })
}

function pickNext(candidates: readonly Candidate[], chosen: readonly Candidate[]): Candidate | undefined {
  const scoreMin = (chosen[0]?.score ?? Number.NEGATIVE_INFINITY) * SCORE_OF_BEST_MIN
  let best: Candidate | undefined
  let bestScore = Number.NEGATIVE_INFINITY
  for (const candidate of candidates) {
    if (candidate.score < scoreMin || chosen.some(({ passage }) => passage === candidate.passage)) continue
    const sameness = Math.max(0, ...chosen.map(({ vector }) => dot(vector, candidate.vector)))
    const score = candidate.score - SAMENESS_PENALTY * sameness
    if (score > bestScore) {
      best = candidate
      bestScore = score
    }
  }
  return best
}

/** Takes in neighbours within the paragraph where the sentence cannot stand alone. */
function widen({ sentences, index }: Candidate): readonly Sentence[] {
  const own = sentences[index] as Sentence
  const taken = [own]
  const length = () => taken.reduce((sum, sentence) => sum + sentence.text.length, 0)
  const fits = (sentence: Sentence | undefined): sentence is Sentence =>
    sentence?.block === own.block && length() + sentence.text.length <= QUOTE_CHARACTERS_MAX
  const before = sentences[index - 1]
  if (POINTS_BACK.test(own.text) && fits(before)) taken.unshift(before)
  const after = sentences[index + 1]
  if (length() < READABLE_CHARACTERS_MIN && fits(after)) taken.push(after)
  return taken
}

function toQuote(candidate: Candidate): ChosenQuote {
  const { passage } = candidate
  const taken = widen(candidate)
  const start = taken[0]?.start ?? 0
  const whole = Buffer.from(passage.text).subarray(start, taken.at(-1)?.end).toString()
  const isLong = whole.length > QUOTE_CHARACTERS_MAX
  const words = isLong ? whole.slice(0, QUOTE_CHARACTERS_MAX).replace(/\s+\S*$/, '') : whole
  const text = oneLine(words) + (isLong ? ' …' : '')
  const { number } = passage
  // Text that is not byte for byte that of the file cannot be pointed into: then the quote is the whole passage.
  if (Buffer.byteLength(passage.text) !== passage.end - passage.start) {
    return { number, text, start: passage.start, end: passage.end }
  }
  const from = passage.start + start
  return { number, text, start: from, end: from + Buffer.byteLength(words) }
}

function dot(left: Float32Array, right: Float32Array): number {
  let sum = 0
  for (let index = 0; index < left.length; index += 1) sum += (left[index] ?? 0) * (right[index] ?? 0)
  return sum
}
