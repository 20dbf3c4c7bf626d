import * as z from 'zod'
import { type AnswerRecord, answerRecordSchema, type PromptPart, type RememberedTurn } from '#protocol'
import { marksOf } from './marks.ts'

/** Of the record of one turn, when it goes into the memory: what is around it needs room as well. */
const RECORD_BYTES_MAX = 800 * 1_024

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

/** As the memory takes it. A record that is too large goes without its prompt, or is left out; the words never are. */
export function rememberedOf(
  thread: string,
  record: AnswerRecord,
): RememberedTurn & { readonly record?: AnswerRecord } {
  const { id, at, question, answer, persona } = record
  const utterances = [
    { speaker: 'you', text: question },
    { speaker: persona, text: answer },
  ].filter(({ text }) => text !== '')
  const turn = { id, thread, at, utterances, marks: marksOf(record, true) }
  const fitting = [record, { ...record, prompt: [], passages: [] }].find(
    (candidate) => Buffer.byteLength(JSON.stringify(candidate)) <= RECORD_BYTES_MAX,
  )
  return fitting ? { ...turn, record: { ...fitting, thread } } : turn
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
