import type {
  AnswerRecord,
  ChangedThing,
  Computation,
  Difference,
  ModelUsed,
  Replay,
  Verdict,
} from '#protocol'
import { countOf, quote } from './phrases.ts'

const EXCERPT_LENGTH_MAX = 2_000

/** An answer that was said again, as far as it is to be compared. */
export interface Said {
  readonly model: ModelUsed
  readonly computation: Computation | undefined
  readonly text: string
  /** Undefined where it was not said to its end, since the one before was not either. */
  readonly reason: AnswerRecord['reason'] | undefined
  readonly promptTokens: number | undefined
  readonly tokensDigest: string | undefined
  readonly verdicts: readonly Verdict[]
}

export type Comparison = Pick<Replay, 'same' | 'compared' | 'firstDifferenceAt' | 'differences'>

/** What of an answer is the same the second time, and what of that with which it was made. */
export function compare(record: AnswerRecord, said: Said): Comparison {
  const byTokens = record.tokensDigest !== undefined && said.tokensDigest !== undefined
  const firstDifferenceAt = firstDifference(record.answer, said.text)
  const differences = [
    ...textDifference(record, said, firstDifferenceAt),
    ...tokenDifference(record, said, firstDifferenceAt),
    ...endDifference(record, said),
    ...verdictDifference(record, said),
  ]
  return {
    same: differences.length === 0,
    compared: byTokens ? 'tokens' : 'text',
    ...(firstDifferenceAt !== undefined && { firstDifferenceAt }),
    differences: [...differences, ...modelDifference(record, said), ...computationDifferences(record, said)],
  }
}

export function differ(
  what: ChangedThing,
  sentence: string,
  { before = '', now = '', concerns = 'replay' as Difference['concerns'] } = {},
): Difference {
  return { what, concerns, before: excerpt(before), now: excerpt(now), sentence }
}

/** Of two long answers and twenty documents, one message would not hold all. */
function excerpt(text: string): string {
  return [...text.slice(0, EXCERPT_LENGTH_MAX * 2)].slice(0, EXCERPT_LENGTH_MAX).join('')
}

/** In whole characters; undefined where the texts are the same. */
export function firstDifference(before: string, now: string): number | undefined {
  if (before === now) return undefined
  const [left, right] = [[...before], [...now]]
  const place = left.findIndex((character, index) => character !== right[index])
  return place === -1 ? left.length : place
}

function textDifference({ answer }: AnswerRecord, { text }: Said, place: number | undefined): Difference[] {
  if (place === undefined) return []
  const [before, now] = [answer, text].map((whole) => [...whole].slice(place).join('')) as [string, string]
  const sentence = `From character ${place} on it says ${shown(now)}, where it said ${shown(before)}.`
  return [differ('answer', sentence, { before, now })]
}

function shown(text: string): string {
  return text === '' ? 'nothing more' : quote(text)
}

/** What a policy keeps back is in no text, but the model goes on from it. */
function tokenDifference(record: AnswerRecord, said: Said, place: number | undefined): Difference[] {
  const [before, now] = [record.tokensDigest, said.tokensDigest]
  if (place !== undefined || before === undefined || now === undefined || before === now) return []
  return [differ('answer', 'It reads the same, but the model made other tokens.', { before, now })]
}

function endDifference({ reason, usage, tokensDigest }: AnswerRecord, said: Said): Difference[] {
  if (said.reason === undefined) return []
  const isOther = reason !== said.reason
  const before = usage.promptTokens
  const readOther =
    tokensDigest !== undefined && said.promptTokens !== undefined && before !== said.promptTokens
  return [
    ...(isOther
      ? [
          differ('answer', `It ended with '${said.reason}', and not with '${reason}'.`, {
            before: reason,
            now: said.reason,
          }),
        ]
      : []),
    ...(readOther
      ? [
          differ(
            'record',
            `The prompt could not be put together as it was: it has ${countOf(said.promptTokens ?? 0, 'token')}, and had ${before}.`,
          ),
        ]
      : []),
  ]
}

function verdictDifference(record: AnswerRecord, said: Said): Difference[] {
  if (said.reason === undefined) return []
  const [before, now] = [print(record.verdicts), print(said.verdicts)]
  if (before === now) return []
  return [differ('answer', 'The policy judged it otherwise than before.', { before, now })]
}

function print(verdicts: readonly Verdict[]): string {
  return verdicts
    .map(
      ({ policy, rule, action, direction, start, end }) =>
        `${policy}/${rule} ${action} ${direction} ${start}-${end}`,
    )
    .join('\n')
}

function modelDifference({ model }: AnswerRecord, { model: now }: Said): Difference[] {
  if (model.digest === now.digest && model.id === now.id) return []
  const sentence = `The model '${model.id}' is another file now: ${short(now.digest)}, and then ${short(model.digest)}.`
  return [differ('model', sentence, { before: model.digest, now: now.digest })]
}

function short(digest: string): string {
  return digest === '' ? 'without a SHA-256' : `SHA-256 ${digest.slice(0, 12)}…`
}

const FACTS: readonly (readonly [keyof Computation, ChangedThing, string])[] = [
  ['build', 'engine', 'The engine'],
  ['threads', 'engine', 'The number of threads'],
  ['contextTokens', 'engine', "The model's room in tokens"],
  ['cpu', 'processor', "The engine's code for the processor"],
  ['gpu', 'processor', 'The graphics card'],
]

function computationDifferences(
  { computation: before }: AnswerRecord,
  { computation: now }: Said,
): Difference[] {
  if (before === undefined || now === undefined) return []
  const facts = FACTS.filter(([name]) => before[name] !== now[name]).map(([name, what, title]) => {
    const [then, today] = [before[name], now[name]].map((value) =>
      value === '' ? 'none' : String(value),
    ) as [string, string]
    return differ(what, `${title} was ${then}, and is ${today} now.`, { before: then, now: today })
  })
  if (before.policy === now.policy) return facts
  const sentence =
    now.policy === ''
      ? 'The policies are switched off now.'
      : before.policy === ''
        ? 'The policies were switched off then.'
        : 'The policies are not the same as then.'
  return [...facts, differ('policy', sentence, { before: before.policy, now: now.policy })]
}
