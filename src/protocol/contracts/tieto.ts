import * as z from 'zod'
import { defineContract, sensitive } from '../contract.ts'
import { errorCodeSchema } from '../errors.ts'
import {
  documentNameSchema,
  metadataSchema,
  passageSchema,
  placeSchema,
  sourceSchema,
  titleSchema,
  topicNameSchema,
} from './passage.ts'

export const PASSAGES_FOUND_MAX = 100
export const QUERY_LENGTH_MAX = 8_192
export const EMBEDDING_DIMENSIONS_MAX = 4_096
/** Longer texts are files: give their path instead. */
export const INLINE_TEXT_LENGTH_MAX = 500_000

const count = z.number().int().nonnegative()

export const topicSchema = z.object({
  name: topicNameSchema,
  documents: count,
  chunks: count,
  /** Of the source files, together. */
  sizeBytes: count,
  /** Documents whose file on disk is damaged. They are not searched; another ingest mends them. */
  damaged: z.array(documentNameSchema),
})
export type Topic = z.infer<typeof topicSchema>

export const documentSchema = z.object({
  document: documentNameSchema,
  title: titleSchema,
  source: sourceSchema,
  sizeBytes: count,
  chunks: count,
  metadata: metadataSchema,
  /** Milliseconds since 1970. */
  ingestedAt: count,
})
export type StoredDocument = z.infer<typeof documentSchema>

/** A vector of unit length, and the table that it was made with, with the digest of its bits. */
const queryEmbeddingSchema = z.object({
  model: z.string().max(128),
  vector: sensitive(z.array(z.number()).min(1).max(EMBEDDING_DIMENSIONS_MAX)),
})
export type QueryEmbedding = z.infer<typeof queryEmbeddingSchema>

const ingestItemSchema = z.discriminatedUnion('kind', [
  /** Before each document: `done` of `total` are behind us. */
  z.object({ kind: z.literal('progress'), document: documentNameSchema, done: count, total: count }),
  z.object({ kind: z.literal('stored'), document: documentNameSchema, chunks: count }),
  z.object({
    kind: z.literal('skipped'),
    document: documentNameSchema,
    code: errorCodeSchema,
    reason: sensitive(z.string()),
  }),
  /** It had been ingested from a folder named now, and is no longer there. */
  z.object({ kind: z.literal('removed'), document: documentNameSchema }),
  z.object({
    kind: z.literal('end'),
    stored: count,
    unchanged: count,
    skipped: count,
    removed: count,
    chunks: count,
  }),
])
export type IngestItem = z.infer<typeof ingestItemSchema>

/** Documents in, ranked passages out. */
export const tietoContract = defineContract({
  name: 'tieto',
  version: 1,
  operations: {
    /** Each document is stored whole or not at all. What did not change costs nothing. */
    ingest: {
      input: z.object({
        topic: topicNameSchema,
        /** Absolute paths of files and folders. */
        paths: z
          .array(sensitive(z.string().min(1).max(4_096)))
          .max(1_000)
          .default([]),
        texts: z
          .array(
            z.object({
              name: sensitive(z.string().min(1).max(1_024)),
              text: sensitive(z.string().max(INLINE_TEXT_LENGTH_MAX)),
            }),
          )
          .max(100)
          .default([]),
      }),
      item: ingestItemSchema,
      windowItems: 64,
      errors: ['DISK_FULL', 'FILE_NOT_FOUND', 'TOPIC_FULL'],
      limits: { timeoutMs: 24 * 3_600_000, runningMax: 4 },
    },
    search: {
      input: z.object({
        /** Empty: all of them. */
        topics: z.array(topicNameSchema).max(64).default([]),
        query: sensitive(z.string().min(1).max(QUERY_LENGTH_MAX)),
        /** Of the query, by whoever has made it already. One of another table is not used. */
        embedding: queryEmbeddingSchema.optional(),
        passagesMax: z.number().int().min(1).max(PASSAGES_FOUND_MAX).default(8),
        /** In the filter language, such as `year >= 2020 and lang = "en"`, or the same as JSON. */
        filter: sensitive(z.union([z.string().max(4_096), z.record(z.string(), z.json())])).optional(),
        mode: z.enum(['mixed', 'bm25', 'cosine']).default('mixed'),
        /** Passages whose vector lies farther from the query's are left out. */
        distanceMax: z.number().min(0).max(2).optional(),
        scoreMin: z.number().min(0).max(1).optional(),
      }),
      output: z.object({
        passages: z.array(passageSchema),
        /** Whether the best passage is better than what unrelated questions find in these topics. */
        match: z.boolean(),
      }),
      errors: ['TOPIC_UNKNOWN', 'FILTER_INVALID'],
      limits: { timeoutMs: 30_000, runningMax: 16 },
    },
    /** A place in a document with what stands around it, to open a citation. */
    read: {
      input: placeSchema.extend({
        beforeBytes: z.number().int().min(0).max(65_536).default(2_048),
        afterBytes: z.number().int().min(0).max(65_536).default(2_048),
      }),
      output: placeSchema.extend({
        title: titleSchema,
        source: sourceSchema,
        before: sensitive(z.string()),
        text: sensitive(z.string()),
        after: sensitive(z.string()),
        /** Length of the whole document, and its SHA-256. */
        sizeBytes: count,
        digest: z.string().optional(),
      }),
      errors: ['TOPIC_UNKNOWN', 'DOCUMENT_UNKNOWN'],
      limits: { timeoutMs: 10_000, runningMax: 32 },
    },
    topics: {
      input: z.object({}),
      output: z.object({ topics: z.array(topicSchema) }),
      errors: [],
      limits: { timeoutMs: 10_000, runningMax: 16 },
    },
    /** A page may be shorter than asked, where its documents would not fit into one message. */
    documents: {
      input: z.object({
        topic: topicNameSchema,
        offset: count.default(0),
        limit: z.number().int().min(1).max(1_000).default(200),
      }),
      output: z.object({ documents: z.array(documentSchema), total: count }),
      errors: ['TOPIC_UNKNOWN'],
      limits: { timeoutMs: 10_000, runningMax: 16 },
    },
    /** One document, or the whole topic where none is named. Takes effect at once, also on the disk. */
    remove: {
      input: z.object({ topic: topicNameSchema, document: sensitive(z.string().max(1_024)).optional() }),
      output: z.object({ documents: count, chunks: count }),
      errors: ['TOPIC_UNKNOWN', 'DOCUMENT_UNKNOWN'],
      limits: { timeoutMs: 60_000, runningMax: 4 },
    },
  },
  events: {
    changed: z.object({ topic: topicNameSchema }),
  },
})
