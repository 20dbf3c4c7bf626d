import { type Block, findBlocks, type Heading } from './blocks.ts'

/** A piece of a document that is found as one. Places count characters. */
export interface Span {
  readonly start: number
  readonly end: number
  /** The headings above it, outermost first. */
  readonly headings: readonly string[]
}

/** A chunk weighs as many words as it has, or a seventh of its characters where that is more, as in Chinese or code. */
export const CHUNK_WEIGHT_MAX = 350
const CHARACTERS_PER_WORD = 7
/** A chunk is closed once the next paragraph would carry it beyond. */
const WEIGHT_AIM = 300
/** A smaller one goes on into the next paragraph, even beyond the aim. */
const WEIGHT_MIN = 120
/** A new section opens a new chunk, unless the one before is but a few lines. */
const SECTION_WEIGHT_MIN = 60

/**
 * Cuts a text into chunks along its sections and paragraphs; only a paragraph that is too long by itself is cut at the
 * end of a sentence, of a word, or anywhere, in this order. Between chunks is nothing but white space.
 */
export function* cutIntoChunks(text: string, bodyStart: number, isMarkdown: boolean): Generator<Span, void> {
  const above: Heading[] = []
  let open: Pack | undefined
  for (const block of piecesOf(text, bodyStart, isMarkdown)) {
    if (open && closesBefore(open, block)) {
      yield spanOf(open)
      open = undefined
    }
    if (block.heading) enterSection(above, block.heading)
    // Until there is more than headings, the innermost of them is the section that this chunk is about.
    const enters: boolean = !open || open.onlyHeadings
    open = {
      start: open?.start ?? block.start,
      end: block.end,
      words: (open?.words ?? 0) + block.words,
      headings: enters || !open ? above.map(({ title }) => title) : open.headings,
      onlyHeadings: enters && block.heading !== undefined,
    }
  }
  if (open) yield spanOf(open)
}

/** A block that fits into a chunk, or a piece of one that did not. */
interface Piece extends Block {
  readonly words: number
}

interface Pack extends Span {
  readonly words: number
  readonly onlyHeadings: boolean
}

function spanOf({ start, end, headings }: Pack): Span {
  return { start, end, headings }
}

function closesBefore(open: Pack, block: Piece): boolean {
  const weight = weigh(open.words, open.end - open.start)
  const together = weigh(open.words + block.words, block.end - open.start)
  if (together > CHUNK_WEIGHT_MAX) return true
  if (block.heading && !open.onlyHeadings) return weight >= SECTION_WEIGHT_MIN
  return together > WEIGHT_AIM && weight >= WEIGHT_MIN
}

function enterSection(above: Heading[], heading: Heading): void {
  while ((above[above.length - 1]?.level ?? 0) >= heading.level) above.pop()
  above.push(heading)
}

function weigh(words: number, length: number): number {
  return Math.max(words, Math.ceil(length / CHARACTERS_PER_WORD))
}

function countWords(text: string, { start, end }: Block): number {
  let words = 0
  let inWord = false
  for (let index = start; index < end; index += 1) {
    const isSpace = text.charCodeAt(index) <= 32
    if (!isSpace && !inWord) words += 1
    inWord = !isSpace
  }
  return words
}

function* piecesOf(text: string, bodyStart: number, isMarkdown: boolean): Generator<Piece, void> {
  const counted = (block: Block): Piece => ({ ...block, words: countWords(text, block) })
  for (const block of findBlocks(text, bodyStart, isMarkdown)) {
    const whole = counted(block)
    if (weigh(whole.words, whole.end - whole.start) <= CHUNK_WEIGHT_MAX) yield whole
    else for (const piece of shorten(text, block)) yield counted(piece)
  }
}

const SENTENCE_END = /[.!?…]["'”’)\]]*(?=\s)|[。！？]|\n/g
const WORD_END = /\S(?=\s)/g

function* shorten(text: string, block: Block): Generator<Block, void> {
  for (const sentence of cutAfter(text, block, SENTENCE_END)) {
    const weight = weigh(countWords(text, sentence), sentence.end - sentence.start)
    const words = weight <= WEIGHT_MIN ? [sentence] : cutAfter(text, sentence, WORD_END)
    for (const word of words) yield* cutByLength(text, word)
  }
}

function cutAfter(text: string, { start, end }: Block, pattern: RegExp): Block[] {
  const inside = text.slice(start, end)
  const ends = [...inside.matchAll(pattern)].map((match) => start + match.index + match[0].length)
  const pieces: Block[] = []
  let from = start
  for (const to of [...ends, end]) {
    const piece = text.slice(from, to)
    const leading = piece.length - piece.trimStart().length
    const trimmed = piece.trim()
    if (trimmed !== '') pieces.push({ start: from + leading, end: from + leading + trimmed.length })
    from = to
  }
  return pieces
}

function cutByLength(text: string, block: Block): Block[] {
  const lengthMax = WEIGHT_MIN * CHARACTERS_PER_WORD
  const pieces: Block[] = []
  for (let start = block.start; start < block.end; ) {
    let end = Math.min(block.end, start + lengthMax)
    // Never between the two halves of one character.
    if (end < block.end && (text.charCodeAt(end) & 0xfc00) === 0xdc00) end -= 1
    pieces.push({ start, end })
    start = end
  }
  return pieces
}
