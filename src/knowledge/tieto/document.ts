import { createHash } from 'node:crypto'
import { extname, parse } from 'node:path'
import { RunaError } from '#protocol'
import { cutIntoChunks } from './chunking.ts'
import { type Metadata, readFrontMatter } from './front-matter.ts'
import { createByteCounter, decodeText } from './source-text.ts'

/** A piece of a document. Offsets count the bytes of the source. */
export interface Chunk {
  readonly start: number
  readonly end: number
  /** The headings above it, outermost first. */
  readonly headings: readonly string[]
  readonly text: string
  /** The white space up to the next chunk, or to the end of the document. */
  readonly after: string
  /** Direction only, eight bits a dimension. */
  readonly vector: Int8Array
}

interface DocumentHeader {
  /** Unique within the topic; what people see and cite. */
  readonly document: string
  readonly title: string
  /** Absolute path, or empty where the text was given directly. */
  readonly source: string
  /** SHA-256 of the source's bytes, in hex. */
  readonly sha256: string
  readonly sizeBytes: number
  /** Milliseconds since 1970. */
  readonly modifiedAt: number
  readonly ingestedAt: number
  readonly metadata: Metadata
  /** The model that made the vectors. */
  readonly embedding: string
  /** What stands before the first chunk: byte order mark, front matter, white space. */
  readonly preamble: string
}

export interface Document extends DocumentHeader {
  readonly chunks: readonly Chunk[]
}

/** A file or text as it came. */
export interface Source {
  /** Absolute path, or empty for a text that was given directly. */
  readonly path: string
  /** What it is called until it tells its title; a text's own name. */
  readonly name: string
  readonly bytes: Buffer
  readonly modifiedAt: number
}

const MARKDOWN = ['.md', '.markdown', '.mdx']

/** What is read from a source before its chunks are. */
export interface OpenedSource {
  readonly sha256: string
  readonly metadata: Metadata
  readonly text: string
  readonly bodyStart: number
  /** A text without a file is written by somebody who chats: as Markdown. */
  readonly isMarkdown: boolean
}

export function digestOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** Throws DOCUMENT_INVALID for what is binary, empty, or has broken front matter. */
export function openSource({ path, bytes }: Source): OpenedSource {
  const text = decodeText(bytes)
  const { metadata, bodyStart } = readFrontMatter(text)
  if (text.slice(bodyStart).trim() === '') throw new RunaError('DOCUMENT_INVALID', 'It holds no text.')
  const isMarkdown = path === '' || MARKDOWN.includes(extname(path).toLowerCase())
  return { sha256: digestOf(bytes), metadata, text, bodyStart, isMarkdown }
}

/** A chunk before it has a vector. */
export type ChunkText = Omit<Chunk, 'vector'>

/** Reads the chunks one by one, so that a caller may do other things in between. */
export function* readChunks({ text, bodyStart, isMarkdown }: OpenedSource): Generator<ChunkText, void> {
  const byteAt = createByteCounter(text)
  let waiting: { start: number; end: number; startByte: number; headings: readonly string[] } | undefined

  function finish(next: number): ChunkText | undefined {
    if (!waiting) return undefined
    const { start, end, startByte, headings } = waiting
    return {
      start: startByte,
      end: byteAt(end),
      headings,
      text: text.slice(start, end),
      after: text.slice(end, next),
    }
  }

  for (const span of cutIntoChunks(text, bodyStart, isMarkdown)) {
    const chunk = finish(span.start)
    if (chunk) yield chunk
    waiting = { ...span, startByte: byteAt(span.start) }
  }
  const last = finish(text.length)
  if (last) yield last
}

/** As the front matter says, else the first heading of a Markdown text, else the name of the file. */
export function titleOf(
  { metadata, isMarkdown }: OpenedSource,
  chunks: readonly ChunkText[],
  name: string,
): string {
  const title = metadata['title']
  if (typeof title === 'string' && title.trim() !== '') return title.trim()
  const heading = isMarkdown ? chunks.find((chunk) => chunk.headings.length > 0)?.headings[0] : undefined
  return heading ?? (parse(name).name || name)
}

/** What a chunk is found by: its own words, and those of the headings above it. */
export function searchableText(title: string, { headings, text }: ChunkText): string {
  return [title, ...headings.filter((heading) => heading !== title), text].join('\n')
}
