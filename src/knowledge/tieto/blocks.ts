/** A paragraph, a heading, a piece of code: what should stay together. Places count characters. */
export interface Block {
  readonly start: number
  readonly end: number
  readonly heading?: Heading
}

export interface Heading {
  /** 1 is the outermost. */
  readonly level: number
  readonly title: string
}

interface Line {
  readonly start: number
  /** Without what ends the line. */
  readonly end: number
  readonly text: string
}

const FENCE = /^ {0,3}(```+|~~~+)/
const HEADING = /^ {0,3}(#{1,6})[ \t]+(.*)$/
const UNDERLINE = /^ {0,3}(=+|-+)[ \t]*$/
/** How books in plain text name their parts: on a line of its own, by a number. */
const CHAPTER = /^\s*(?:chapter|part|book|section|act|scene|appendix|volume)\s+(?:\d+|[ivxlc]+)\b.{0,100}$/i
const HEADING_LENGTH_MAX = 200
/** A longer line is no heading. */
const HEADING_LINE_MAX = 1_000
/** Longer lines and paragraphs are taken in pieces, so that no text, however odd, is worked on for long at once. */
const LINE_LENGTH_MAX = 16_384
const PARAGRAPH_LENGTH_MAX = 65_536
const WORD_LENGTH_MAX = 200

/** Cuts a text into blocks, in order; between them is nothing but white space. */
export function* findBlocks(text: string, bodyStart: number, isMarkdown: boolean): Generator<Block, void> {
  for (const lines of paragraphsOf(text, bodyStart, isMarkdown)) {
    const block = blockOf(lines, isMarkdown)
    if (block) yield block
  }
}

/** Lines that belong together: up to an empty one, a heading alone, code from fence to fence. */
function* paragraphsOf(
  text: string,
  bodyStart: number,
  isMarkdown: boolean,
): Generator<readonly Line[], void> {
  let paragraph: Line[] = []
  let fence: string | undefined
  for (const line of linesOf(text, bodyStart)) {
    const mark = isMarkdown ? FENCE.exec(line.text)?.[1] : undefined
    const closesFence = fence !== undefined && mark?.startsWith(fence) === true
    const isEmpty = fence === undefined && line.text.trim() === ''
    const isHeading = fence === undefined && isMarkdown && readHeading(line) !== undefined
    const isLong = line.end - (paragraph[0]?.start ?? line.start) > PARAGRAPH_LENGTH_MAX
    if (isEmpty || isHeading || isLong || (mark && fence === undefined)) {
      yield paragraph
      paragraph = []
    }
    if (!isEmpty) paragraph.push(line)
    if (closesFence || isHeading) {
      yield paragraph
      paragraph = []
    }
    if (mark && (closesFence || fence === undefined)) fence = closesFence ? undefined : mark
  }
  yield paragraph
}

function* linesOf(text: string, from: number): Generator<Line> {
  for (let start = from; start < text.length; ) {
    const newline = text.indexOf('\n', start)
    const whole = newline < 0 ? text.length : newline + 1
    const next = whole - start > LINE_LENGTH_MAX ? placeToCut(text, start + LINE_LENGTH_MAX) : whole
    const line = text.slice(start, next)
    const content = line.endsWith('\r\n') ? line.slice(0, -2) : line.endsWith('\n') ? line.slice(0, -1) : line
    yield { start, end: start + content.length, text: content }
    start = next
  }
}

/** At most the longest word before `limit`, else anywhere but between the two halves of one character. */
function placeToCut(text: string, limit: number): number {
  for (let place = limit; place > limit - WORD_LENGTH_MAX; place -= 1) {
    if (text.charCodeAt(place - 1) <= 32) return place
  }
  return (text.charCodeAt(limit) & 0xfc00) === 0xdc00 ? limit - 1 : limit
}

function blockOf(lines: readonly Line[], isMarkdown: boolean): Block | undefined {
  const filled = lines.filter((line) => line.text.trim() !== '')
  const [first, last] = [filled[0], filled[filled.length - 1]]
  if (!first || !last) return undefined
  const heading = isMarkdown ? markdownHeading(lines) : chapterHeading(lines)
  // The white space at either end belongs to the gap between blocks.
  const start = first.start + (first.text.length - first.text.trimStart().length)
  const end = last.end - (last.text.length - last.text.trimEnd().length)
  if (end <= start) return undefined
  return heading ? { start, end, heading } : { start, end }
}

function readHeading({ text }: Line): Heading | undefined {
  const match = text.length > HEADING_LINE_MAX ? null : HEADING.exec(text)
  if (!match) return undefined
  // What is no heading's title may still be its closing mark: `# One #`.
  const title = (match[2] ?? '').trimEnd().replace(/(^|[ \t])#+$/, '')
  return titled(match[1]?.length ?? 1, title)
}

function markdownHeading(lines: readonly Line[]): Heading | undefined {
  const [first, second] = lines
  const heading = first && lines.length === 1 ? readHeading(first) : undefined
  if (heading) return heading
  const underline = lines.length === 2 ? UNDERLINE.exec(second?.text ?? '')?.[1] : undefined
  return underline ? titled(underline.startsWith('=') ? 1 : 2, first?.text ?? '') : undefined
}

function chapterHeading(lines: readonly Line[]): Heading | undefined {
  const text = lines.length === 1 ? (lines[0]?.text ?? '') : ''
  return text.length <= HEADING_LINE_MAX && CHAPTER.test(text) ? titled(1, text) : undefined
}

function titled(level: number, text: string): Heading | undefined {
  const title = text.trim().slice(0, HEADING_LENGTH_MAX)
  return title === '' ? undefined : { level, title }
}
