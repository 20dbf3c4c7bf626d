/** A sentence of a passage. Offsets count the bytes of the passage's text. */
export interface Sentence {
  /** On one line, without the marks of a list or a quotation. */
  readonly text: string
  readonly start: number
  readonly end: number
  /** Sentences of one paragraph or list item carry the same number. */
  readonly block: number
}

interface Line {
  readonly text: string
  readonly start: number
}

interface Block {
  start: number
  end: number
}

const FENCE = /^\s*(?:```|~~~)/
const HEADING = /^\s{0,3}#{1,6}\s/
const TABLE_OR_RULE = /^\s*(?:\||[-*_=]{3,}\s*$)/
const MARKER = /^\s*(?:(?:[-*+•]|\d{1,3}[.)])\s+|>\s?)+/
const ENDING = /[.!?…]+["'”’»)\]*_`]*(?=\s|$)|[。！？]+[」』”’]*/gu
/** A full stop after one of these ends no sentence; neither does one after a single capital letter. */
const ABBREVIATION =
  /(?:^|[\s("'“‘[])(?:Mr|Mrs|Ms|Dr|Prof|St|Sr|Jr|vs|cf|No|Nos|Fig|Vol|pp?|ca|e\.g|i\.e|\p{Lu})\.$/u

/** Cuts prose into sentences. Headings, tables and code are no sentences, and are left out. */
export function cutSentences(text: string): Sentence[] {
  const offsets = createByteOffsets(text)
  return findBlocks(linesOf(text)).flatMap(({ start, end }, block) =>
    cutBlock(text, start, end).map((range) => ({
      text: oneLine(text.slice(range.start, range.end)),
      start: offsets(range.start),
      end: offsets(range.end),
      block,
    })),
  )
}

/** As it is shown: without line breaks, nor the marks that begin the further lines of a quotation. */
export function oneLine(text: string): string {
  return text.replace(/\n\s*>\s?/g, ' ').replace(/\s+/g, ' ')
}

function linesOf(text: string): Line[] {
  let start = 0
  return text.split('\n').map((line) => {
    const found = { text: line, start }
    start += line.length + 1
    return found
  })
}

/** Paragraphs and list items, without their marks. */
function findBlocks(lines: readonly Line[]): Block[] {
  const blocks: Block[] = []
  let isFenced = false
  let open: Block | undefined
  for (const { text, start } of lines) {
    const isFence = FENCE.test(text)
    if (isFence) isFenced = !isFenced
    if (isFence || isFenced || text.trim() === '' || HEADING.test(text) || TABLE_OR_RULE.test(text)) {
      open = undefined
      continue
    }
    const marker = MARKER.exec(text)?.[0].length ?? 0
    const end = start + text.length
    const continuesQuotation = open !== undefined && /^\s*>/.test(text)
    if (open && (marker === 0 || continuesQuotation)) {
      open.end = end
    } else {
      open = { start: start + marker, end }
      blocks.push(open)
    }
  }
  return blocks
}

function cutBlock(text: string, start: number, end: number): Block[] {
  const found: Block[] = []
  const block = text.slice(start, end)
  let from = 0
  const add = (to: number) => {
    const piece = block.slice(from, to)
    const trimmed = piece.trim()
    if (/[\p{L}\p{N}]/u.test(trimmed)) {
      const begin = start + from + piece.indexOf(trimmed)
      found.push({ start: begin, end: begin + trimmed.length })
    }
    from = to
  }
  for (const ending of block.matchAll(ENDING)) {
    const to = ending.index + ending[0].length
    const next = block.slice(to).trimStart()
    const goesOn = /^\p{Ll}/u.test(next) || ABBREVIATION.test(block.slice(Math.max(0, to - 12), to))
    if (!goesOn) add(to)
  }
  add(block.length)
  return found
}

/** Bytes before the given character, for indexes that only grow by little from call to call. */
function createByteOffsets(text: string): (index: number) => number {
  let knownIndex = 0
  let knownBytes = 0
  return (index) => {
    if (index < knownIndex) return Buffer.byteLength(text.slice(0, index))
    knownBytes += Buffer.byteLength(text.slice(knownIndex, index))
    knownIndex = index
    return knownBytes
  }
}
