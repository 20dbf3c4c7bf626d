import * as z from 'zod'
import { sensitive } from '../contract.ts'

export const TOPIC_NAME = /^[a-z0-9][a-z0-9-]{0,63}$/

export const topicNameSchema = z
  .string()
  .regex(TOPIC_NAME, "a topic's name is 1 to 64 of a-z, 0-9 and -, and begins with a letter or digit")

/** What stood in the front matter of a document. */
export const metadataSchema = sensitive(z.record(z.string().max(128), z.json()))

/** People name their files and head their texts in words that tell as much as the texts. */
export const documentNameSchema = sensitive(z.string())
export const titleSchema = sensitive(z.string())
/** Absolute path of the file that a document was read from, or empty where its text was given directly. */
export const sourceSchema = sensitive(z.string())

/** Where a piece of a document lies. Offsets count the bytes of the source file. */
export const placeSchema = z.object({
  topic: topicNameSchema,
  /** The name that people see, unique within its topic: `docs/adr/0001.md`. */
  document: sensitive(z.string().min(1).max(1_024)),
  start: z.number().int().nonnegative(),
  end: z.number().int().nonnegative(),
})
export type Place = z.infer<typeof placeSchema>

/** A piece of a document that was found. */
export const passageSchema = placeSchema.extend({
  title: titleSchema,
  source: sourceSchema,
  /** The headings above it, outermost first. */
  headings: z.array(titleSchema),
  text: sensitive(z.string()),
  /** SHA-256 of the whole document, as it was read. */
  digest: z.string().optional(),
  metadata: metadataSchema,
  /** 0 to 1; comparable within one search only. */
  score: z.number(),
  bm25: z.number(),
  cosine: z.number(),
  /** Euclidean, between normalised vectors: 0 to 2. */
  distance: z.number(),
})
export type Passage = z.infer<typeof passageSchema>

/** What a sentence of an answer rests on. */
export const citationSchema = placeSchema.extend({
  /** The number that stands in the answer, as in `[1]`. */
  number: z.number().int().positive(),
  title: titleSchema,
  source: sourceSchema,
  text: sensitive(z.string()),
})
export type Citation = z.infer<typeof citationSchema>
