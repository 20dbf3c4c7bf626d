import { type AnswerRecord, type RememberedTurn, UTTERANCE_LENGTH_MAX } from '#protocol'
import { marksOf } from './marks.ts'

/** Of a turn with its record, so that what is around it has room in what the memory seals at once. */
export const TURN_BYTES_MAX = 800 * 1_024

/** As the memory takes it. A record that is too large goes without its prompt, or is left out; the words never are. */
export function rememberedOf(
  thread: string,
  record: AnswerRecord,
  recall: boolean,
): RememberedTurn & { readonly record?: AnswerRecord } {
  const { id, at, question, answer, persona } = record
  const utterances = [
    { speaker: 'you', text: question },
    ...piecesOf(answer).map((text) => ({ speaker: persona, text })),
  ].filter(({ text }) => text !== '')
  const turn = { id, thread, at, utterances, marks: marksOf(record, recall) }
  const whole = { ...record, thread }
  const candidates = [whole, { ...whole, prompt: [], passages: [] }].map((kept) => ({
    ...turn,
    record: kept,
  }))
  return candidates.find(fits) ?? turn
}

/** A longer answer than one utterance may be is several of them. */
function piecesOf(text: string): string[] {
  const pieces: string[] = []
  for (let start = 0; start < text.length; ) {
    let end = Math.min(text.length, start + UTTERANCE_LENGTH_MAX)
    // Never in the middle of a character.
    if (end < text.length && /[\ud800-\udbff]/.test(text.charAt(end - 1))) end -= 1
    pieces.push(text.slice(start, end))
    start = end
  }
  return pieces
}

function fits(turn: object): boolean {
  return Buffer.byteLength(JSON.stringify(turn)) <= TURN_BYTES_MAX
}
