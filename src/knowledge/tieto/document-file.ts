import { createHash } from 'node:crypto'
import * as z from 'zod'
import { metadataSchema, parseOrThrow, RunaError } from '#protocol'
import { type Document, digestOf } from './document.ts'
import type { Metadata } from './front-matter.ts'

/**
 * One document, one file, one JSON value a line: the document itself, then its chunks in order, then the SHA-256 of
 * everything above, without which the file was cut or changed.
 */
const FORMAT = 'runa-document'
const VERSION = 1

const count = z.number().int().nonnegative()
const text = z.string()

const headerSchema = z.object({
  format: z.literal(FORMAT),
  version: z.literal(VERSION),
  document: z.string().min(1),
  title: text,
  source: text,
  sha256: text,
  sizeBytes: count,
  modifiedAt: count,
  ingestedAt: count,
  metadata: metadataSchema,
  embedding: text,
  preamble: text,
  chunks: count,
})

const chunkSchema = z.object({
  start: count,
  end: count,
  headings: z.array(text),
  text,
  after: text,
  /** Base64 of signed bytes. */
  vector: z.base64(),
})

const sealSchema = z.object({ seal: text })

export function encodeDocument({ chunks, ...header }: Document): string {
  const lines: unknown[] = [{ format: FORMAT, version: VERSION, ...header, chunks: chunks.length }]
  for (const { vector, ...chunk } of chunks)
    lines.push({ ...chunk, vector: Buffer.from(vector).toString('base64') })
  const content = `${lines.map((line) => JSON.stringify(line)).join('\n')}\n`
  return `${content}${JSON.stringify({ seal: createHash('sha256').update(content).digest('hex') })}\n`
}

/** Throws TOPIC_CORRUPT for a file that was cut, changed, or is of another kind. */
export function decodeDocument(bytes: Buffer): Document {
  const sealAt = bytes.lastIndexOf('\n', bytes.length - 2) + 1
  const content = bytes.subarray(0, sealAt)
  const { seal } = parseLine(sealSchema, bytes.subarray(sealAt).toString())
  if (bytes.at(-1) !== 0x0a || seal !== digestOf(content)) {
    throw new RunaError('TOPIC_CORRUPT', 'The file of the document no longer matches its checksum.')
  }
  const [first = '', ...lines] = content.toString().trimEnd().split('\n')
  const { format, version, chunks: announced, ...header } = parseLine(headerSchema, first)
  const chunks = lines.map((line) => {
    const { vector, ...chunk } = parseLine(chunkSchema, line)
    return { ...chunk, vector: Int8Array.from(Buffer.from(vector, 'base64')) }
  })
  if (chunks.length !== announced) {
    throw new RunaError('TOPIC_CORRUPT', `A ${format} of version ${version} lacks chunks.`)
  }
  return { ...header, metadata: header.metadata as Metadata, chunks }
}

/** The name in a file that may be damaged elsewhere, so that people can be told which document it was. */
export function nameInDamaged(bytes: Buffer): string | undefined {
  const first = bytes.toString('utf8', 0, Math.max(0, bytes.indexOf('\n')))
  const header = headerSchema.pick({ document: true }).safeParse(parseJson(first))
  return header.success ? header.data.document : undefined
}

function parseLine<Schema extends z.ZodType>(schema: Schema, line: string): z.output<Schema> {
  return parseOrThrow(schema, parseJson(line), 'TOPIC_CORRUPT')
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}
