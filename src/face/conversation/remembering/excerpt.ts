/** Part of a text, with its place in bytes. */
export interface Excerpt {
  readonly text: string
  readonly start: number
  readonly end: number
}

/** Shorter words say little, and longer ones differ in their ends. */
const WORD_LENGTH_MIN = 4
const STEM_LENGTH = 5
/** Of a longer question or text only so much is looked at, so that it stays quick. */
const STEMS_MAX = 24
const SENTENCES_MAX = 1_000

/**
 * At most `sizeBytesMax` of a text: from the sentence on where most words of the question stand close together. Whole where
 * it fits. Never cuts a character.
 */
export function excerptOf(text: string, question: string, sizeBytesMax: number): Excerpt {
  const bytes = Buffer.from(text)
  if (bytes.length <= sizeBytesMax) return { text, start: 0, end: bytes.length }
  const stems = stemsOf(question)
  let best = { start: 0, score: -1 }
  for (const start of sentenceStarts(text)) {
    const window = cutTo(bytes.subarray(start), sizeBytesMax).toLowerCase()
    const score = stems.filter((stem) => window.includes(stem)).length
    if (score > best.score) best = { start, score }
  }
  const { start } = best
  const part = cutTo(bytes.subarray(start), sizeBytesMax)
  return { text: part, start, end: start + Buffer.byteLength(part) }
}

function stemsOf(question: string): string[] {
  const words = question.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []
  const telling = words.filter((word) => word.length >= WORD_LENGTH_MIN)
  return [...new Set(telling.map((word) => word.slice(0, STEM_LENGTH)))].slice(0, STEMS_MAX)
}

/** In bytes, the first of them 0. */
function sentenceStarts(text: string): number[] {
  const starts = [0]
  let bytesBefore = 0
  let read = 0
  for (const { index, 0: gap } of text.matchAll(/[.!?…]\s+|\n+/gu)) {
    const next = index + gap.length
    bytesBefore += Buffer.byteLength(text.slice(read, next))
    read = next
    if (next < text.length) starts.push(bytesBefore)
    if (starts.length >= SENTENCES_MAX) break
  }
  return starts
}

function cutTo(bytes: Buffer, sizeBytesMax: number): string {
  if (bytes.length <= sizeBytesMax) return bytes.toString()
  let end = sizeBytesMax
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1
  return bytes.subarray(0, end).toString()
}
