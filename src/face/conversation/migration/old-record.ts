import * as z from 'zod'
import { type AnswerRecord, answerRecordSchema, type PromptPart } from '#protocol'

/** Records of a kind that this version does not know are passed over: a newer one may have written them. */
const journalRecordSchema = z.object({ kind: z.string(), turn: z.unknown().optional() })

/** Throws where a record is not what a thread of an earlier Runa holds. */
export function readOldRecords(payloads: readonly Uint8Array[]): AnswerRecord[] {
  const records = payloads.map((payload) =>
    journalRecordSchema.parse(JSON.parse(Buffer.from(payload).toString())),
  )
  return records
    .filter(({ kind }) => kind === 'turn')
    .map(({ turn }) => withReferences(answerRecordSchema.parse(turn)))
}

/** What an earlier Runa copied into each prompt stands in other turns: it is named instead, so that it can be forgotten. */
function withReferences(record: AnswerRecord): AnswerRecord {
  return { ...record, prompt: record.prompt.map((part) => withReference(record.id, part)) }
}

function withReference(id: string, part: PromptPart): PromptPart {
  const { origin, role, text } = part
  const end = Buffer.byteLength(text ?? '')
  if (origin === 'question') return { origin, role, said: [{ turn: id, utterance: 0, start: 0, end }] }
  const turn = /^turn ([0-9a-f-]{36})$/.exec(origin)?.[1]
  if (turn === undefined) return part
  return { origin, role, said: [{ turn, utterance: role === 'assistant' ? 1 : 0, start: 0, end }] }
}
