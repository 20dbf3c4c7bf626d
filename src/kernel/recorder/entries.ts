import * as z from 'zod'
import { type RecordedMessage, recordedSchema } from '#kernel/splinter'

/**
 * What stands in the journal. A recording that has no end was cut off: nothing after its last message was written down.
 * `missed` messages were sent between those before and after it, and nothing is known of them.
 */
const entrySchema = z.discriminatedUnion('kind', [
  recordedSchema.extend({ kind: z.literal('message') }),
  z.object({ kind: z.literal('missed'), at: z.number(), count: z.number() }),
  z.object({ kind: z.literal('begin'), at: z.number(), bus: z.string(), strict: z.boolean() }),
  z.object({ kind: z.literal('end'), at: z.number() }),
])
export type Entry = z.output<typeof entrySchema>

/** Many in one record of the journal: they share its frame, and its wait for the disk. */
export function encodeEntries(entries: readonly Entry[]): Buffer {
  return Buffer.from(entries.map((entry) => JSON.stringify(entry)).join('\n'))
}

/** What this version does not understand is passed over. */
export function decodeEntries(payload: Uint8Array): Entry[] {
  const lines = Buffer.from(payload).toString().split('\n')
  return lines.flatMap((line) => {
    const entry = entrySchema.safeParse(parse(line))
    return entry.success ? [entry.data] : []
  })
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}

export function toEntries(messages: readonly RecordedMessage[], missed: number, now: number): Entry[] {
  const gap: Entry[] = missed === 0 ? [] : [{ kind: 'missed', at: now, count: missed }]
  return [...messages.map((message) => ({ kind: 'message' as const, ...message })), ...gap]
}
