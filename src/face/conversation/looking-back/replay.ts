import {
  type AnswerRecord,
  type CallContext,
  type Client,
  type Difference,
  type inferenceContract,
  type Message,
  type ModelUsed,
  type Replay,
  RunaError,
  type Verdict,
} from '#protocol'
import { openCompletion } from '../engine.ts'
import { countOf } from './phrases.ts'
import { type Comparison, compare, differ, type Said } from './replay-compare.ts'

type Inference = Pick<Client<typeof inferenceContract>, 'complete' | 'models'>

/** A record whose prompt has its words again, but for those that are forgotten. */
export interface WholeRecord {
  readonly record: AnswerRecord
  readonly messages: readonly Message[]
  /** Turns of which the prompt had words, and that are forgotten. */
  readonly forgotten: readonly string[]
}

/** These were cut off by something outside of the engine: they are compared as far as they had come. */
const UNFINISHED: readonly AnswerRecord['reason'][] = ['stopped', 'failed']

/**
 * Says an answer again, from the prompt that was read then and with the same dice, and compares. It stores nothing and
 * tells nobody what was asked. `today` is what has changed for who asks the same again; it is listed, and changes
 * nothing here. Rejects where the engine cannot answer for another reason than that the model is gone.
 */
export async function replay(
  inference: Inference,
  whole: WholeRecord,
  today: readonly Difference[],
  context: CallContext,
): Promise<Replay> {
  const { record } = whole
  const missing = missingFor(whole)
  if (missing.length > 0) return notRun(record, missing, today)
  try {
    const said = await sayAgain(inference, whole, context)
    const comparison = compare(record, said)
    const { differences, ...rest } = comparison
    const summary = summarize(record, comparison)
    return {
      ...{ answer: record.id, ran: true, text: said.text, summary },
      ...rest,
      differences: [...differences, ...today],
    }
  } catch (error) {
    if (!isGone(error)) throw error
    const { id, digest } = record.model
    return notRun(record, [differ('model', `The model '${id}' is gone.`, { before: digest })], today)
  }
}

function isGone(error: unknown): boolean {
  return error instanceof RunaError && (error.code === 'MODEL_UNKNOWN' || error.code === 'MODEL_GONE')
}

function notRun(record: AnswerRecord, missing: readonly Difference[], today: readonly Difference[]): Replay {
  const why = missing.map(({ sentence }) => sentence).join(' ')
  return {
    ...{ answer: record.id, same: false, ran: false, compared: 'nothing', text: '' },
    summary: `It cannot be said again. ${why}`,
    differences: [...missing, ...today],
  }
}

/** What it takes to say an answer again, and is not there. */
function missingFor({ record, forgotten }: WholeRecord): Difference[] {
  const { model, sampling } = record
  if (model.engine === 'none') return [differ('record', 'No engine had begun to answer.')]
  const turns = forgotten.map((turn) => {
    const sentence = 'Something that it had read, from an earlier turn, was forgotten since.'
    return differ('turn', sentence, { before: turn, now: 'TURN_FORGOTTEN' })
  })
  const isByLot = model.engine === 'llama' && sampling.temperature !== 0 && sampling.seed === undefined
  const seed = 'It was drawn by lot, and the Runa of that time did not write down the seed.'
  return isByLot ? [...turns, differ('record', seed)] : turns
}

async function sayAgain(
  inference: Inference,
  { record, messages }: WholeRecord,
  context: CallContext,
): Promise<Said> {
  const { model, passages, sampling, answer, reason } = record
  const request = { model: model.id, messages: [...messages], passages, sampling }
  const isUnfinished = UNFINISHED.includes(reason)
  const said = { ...SILENCE, model: NOBODY, verdicts: [] as Verdict[] }
  for await (const item of await openCompletion(inference, request, context)) {
    if (item.kind === 'start') Object.assign(said, { model: item.model, computation: item.computation })
    if (item.kind === 'verdict') said.verdicts.push(item.verdict)
    if (item.kind === 'text') said.text += item.text
    if (isUnfinished && said.text.length >= answer.length)
      return { ...said, text: said.text.slice(0, answer.length) }
    if (item.kind !== 'end') continue
    const { tokensDigest, usage } = item
    return {
      ...said,
      reason: isUnfinished ? undefined : item.reason,
      tokensDigest,
      promptTokens: usage.promptTokens,
    }
  }
  throw new RunaError('MODEL_FAILED', 'The engine stopped in the middle of an answer.')
}

const NOBODY: ModelUsed = { id: '', engine: 'llama', digest: '' }
const SILENCE: Omit<Said, 'model' | 'verdicts'> = {
  ...{
    computation: undefined,
    text: '',
    reason: undefined,
    promptTokens: undefined,
    tokensDigest: undefined,
  },
}

const NO_PROMISE = 'It comes from a server, and Runa cannot promise that a server says the same twice.'

function summarize(
  { reason, usage, model }: AnswerRecord,
  { same, compared, differences }: Comparison,
): string {
  const isUnfinished = UNFINISHED.includes(reason)
  if (same) {
    const how =
      compared === 'tokens'
        ? `the same ${countOf(usage.completionTokens, 'token')}, and the same letters`
        : isUnfinished
          ? 'the same letters, as far as it had come'
          : 'the same, letter by letter'
    return [`It says ${how}.`, ...(model.engine === 'openai' ? [NO_PROMISE] : [])].join(' ')
  }
  const [first] = differences
  const causes = differences.filter(({ what }) => what !== 'answer').map(({ sentence }) => sentence)
  const unknown = model.engine === 'openai' ? NO_PROMISE : 'Nothing that Runa knows of has changed since.'
  return [first?.sentence, ...(causes.length === 0 ? [unknown] : causes)].join(' ')
}
