import * as z from 'zod'
import {
  type AnswerRecord,
  answerRecordSchema,
  feedbackSchema,
  type RememberedTurn,
  RunaError,
  rememberedTurnSchema,
} from '#protocol'

const sequenceSchema = z.number().int().nonnegative()

/** What is sealed into one record. */
const entrySchema = z.discriminatedUnion('kind', [
  /** Its answer record is checked when somebody asks for it. */
  z.object({ kind: z.literal('turn'), turn: rememberedTurnSchema }),
  z.object({ kind: z.literal('feedback'), turn: z.uuid(), feedback: feedbackSchema }),
  z.object({
    kind: z.literal('forget'),
    at: sequenceSchema,
    turns: z.array(z.uuid()),
    sequences: z.array(sequenceSchema),
  }),
])
export type Entry = z.infer<typeof entrySchema>

const KINDS = ['turn', 'feedback', 'forget']

/** Between an entry and the answer record behind it: JSON has no line end of its own. */
const RECORD_MARK = '\n'

/** The record stands apart, so that a start does not read what nobody has asked for. */
export function encodeEntry({
  record,
  ...entry
}: Entry & { readonly record?: AnswerRecord | undefined }): Buffer {
  const parts = record === undefined ? [entry] : [entry, record]
  return Buffer.from(parts.map((part) => JSON.stringify(part)).join(RECORD_MARK))
}

/** Undefined for a kind that this version does not know: a newer one may have written it. */
export function decodeEntry(content: Buffer): Entry | undefined {
  return unreadable(() => {
    const end = content.indexOf(RECORD_MARK)
    const text = content.toString('utf8', 0, end < 0 ? content.length : end)
    const value = z.looseObject({ kind: z.string() }).parse(JSON.parse(text))
    return KINDS.includes(value.kind) ? entrySchema.parse(value) : undefined
  })
}

/** Undefined for a turn that has none. */
export function decodeAnswer(content: Buffer): AnswerRecord | undefined {
  return unreadable(() => {
    const end = content.indexOf(RECORD_MARK)
    return end < 0 ? undefined : answerRecordSchema.parse(JSON.parse(content.toString('utf8', end + 1)))
  })
}

function unreadable<Result>(read: () => Result): Result {
  try {
    return read()
  } catch {
    // Without the cause: it would carry what somebody said.
    throw new RunaError('MEMORY_CORRUPT', 'The memory holds a record that this version cannot read.')
  }
}

export function bytesOf({ utterances }: RememberedTurn): number {
  return utterances.reduce(
    (sum, { speaker, text }) => sum + Buffer.byteLength(speaker) + Buffer.byteLength(text),
    0,
  )
}
