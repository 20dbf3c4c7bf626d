import * as z from 'zod'

/** What is known of one message without looking into it. Never what it says. */
export const recordedSchema = z.object({
  /** Milliseconds since 1970. */
  at: z.number(),
  from: z.string(),
  /** A member, or `*`; the name of a topic where `topic` says so. */
  to: z.string(),
  topic: z.literal(true).optional(),
  type: z.string().optional(),
  operation: z.string().optional(),
  trace: z.string().optional(),
  call: z.string().optional(),
  sequence: z.number().optional(),
  /** The last of its call. */
  last: z.boolean().optional(),
  /** As it lies in memory, with what stands around it. */
  sizeBytes: z.number(),
  sealed: z.boolean(),
  /** It was written down before, and then found no room: it was not sent. */
  refused: z.literal(true).optional(),
})
export type RecordedMessage = z.output<typeof recordedSchema>

export function encodeRecorded(message: RecordedMessage): Buffer {
  return Buffer.from(JSON.stringify(message))
}

/** Undefined for what is none. */
export function decodeRecorded(bytes: Uint8Array): RecordedMessage | undefined {
  try {
    return recordedSchema.parse(JSON.parse(Buffer.from(bytes).toString()))
  } catch {
    return undefined
  }
}
