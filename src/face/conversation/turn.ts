import {
  type AnswerRecord,
  type CallContext,
  type CompletionItem,
  type Computation,
  createUuidV7,
  type Notice,
  RunaError,
  type Sampling,
  type TurnItem,
  type TurnReason,
} from '#protocol'
import { findCitations, type GivenPassage } from './citations.ts'
import { openCompletion } from './engine.ts'
import { type LookedUp, lookUp } from './look-ups.ts'
import { NO_MANNER, observeMessage, type Snarf } from './manner.ts'
import type { Asked, TurnNeeds } from './needs.ts'
import { DEFAULT_PERSONA, type LoadedPersona } from './personas.ts'
import {
  buildPrompt,
  NO_PROMPT,
  type PastMessage,
  type Prompt,
  type PromptParts,
  type PromptRoom,
} from './prompt.ts'
import type { RecalledPiece } from './remembering/recall.ts'

export interface Answering {
  /** Everything but the `end`, which comes after the record is stored. */
  readonly items: AsyncGenerator<TurnItem, void>
  /** Why the engine ended; undefined while it has not. */
  ended(): TurnReason | undefined
  /** What is known so far. Of no use before the first item. */
  record(reason: TurnReason): AnswerRecord
}

/** Room in which a prompt is tried, as a share of what should fit, when the engine counts more tokens than we did. */
const SHARES = [1, 0.5, 0.25, 0]

/** What is known of an answer while it comes to be. */
interface Draft {
  persona?: LoadedPersona
  prompt: Prompt
  model: AnswerRecord['model']
  computation?: Computation
  /** As the engine has completed it. */
  sampling?: Sampling
  text: string
  lookedUp?: LookedUp
  end?: CompletionItem & { kind: 'end' }
  readonly notices: Notice[]
  readonly verdicts: AnswerRecord['verdicts']
}

/** One turn, from a question to an answer. Nothing happens until the first item is taken. */
export function answer(needs: TurnNeeds, asked: Asked, context: CallContext): Answering {
  const { nowMs = Date.now } = needs
  const at = nowMs()
  const startedMs = performance.now()
  const id = createUuidV7(at)
  const draft: Draft = {
    prompt: NO_PROMPT,
    model: { id: asked.model ?? '', engine: 'none', digest: '' },
    ...{ text: '', notices: [...asked.notices], verdicts: [] },
  }

  async function* items(): AsyncGenerator<TurnItem, void> {
    const persona = await needs.personas.find(asked.persona ?? DEFAULT_PERSONA)
    draft.persona = persona
    yield { kind: 'start', answer: id, thread: asked.thread }
    const model = asked.model ?? persona.model
    const look = { turn: id, model, sampling: samplingOf(asked, draft), ...topicsOf(asked, persona) }
    const lookedUp = await lookUp(needs, asked, look, context)
    const { found, planned, recollection, room } = lookedUp
    draft.lookedUp = lookedUp
    draft.notices.push(...lookedUp.notices)
    const heard = hear(needs.snarf, asked, id, context)
    const sampling = samplingOf(asked, draft)
    yield { kind: 'passages', passages: [...found.passages], match: found.looked === 'found' }
    const parts = {
      ...{ ...asked, ...found, system: systemOf(asked, persona), manner: planned.manner.instruction },
      ...{ recalled: recollection.pieces, turn: asked.thread === null ? null : id },
    }
    const sizeBytesMax = Math.min(asked.promptBytesMax, room.sizeBytesMax)
    const completion = await firstThatFits(parts, { ...room, sizeBytesMax }, (prompt) => {
      draft.prompt = prompt
      const request = { messages: prompt.messages, passages: [...prompt.passages], sampling }
      return openCompletion(needs.inference, model === undefined ? request : { ...request, model }, context)
    })
    yield* take(completion, draft)
    draft.notices.push(...(await heard))
  }

  function record(reason: TurnReason): AnswerRecord {
    const { prompt, persona, model, computation, text, end, verdicts, lookedUp } = draft
    const { mode, settings } = lookedUp?.planned.manner ?? NO_MANNER
    const cited = findCitations(text, prompt.passages, end?.quotes ?? [])
    return {
      ...{ id, thread: asked.thread, at, question: asked.question, answer: text, reason },
      citations: cited.citations,
      notices: [...draft.notices, ...prompt.notices, ...cited.notices],
      passages: prompt.passages.map(withoutSearch),
      prompt: prompt.record,
      persona: persona?.id ?? DEFAULT_PERSONA,
      memory: { asked: lookedUp?.recollection.asked ?? false, used: prompt.recalled.map(withoutWords) },
      budget: prompt.budget,
      manner: { mode, settings: [...settings] },
      ...(computation && { computation }),
      ...{ model, sampling: draft.sampling ?? samplingOf(asked, draft), verdicts },
      ...(end?.tokensDigest !== undefined && { tokensDigest: end.tokensDigest }),
      usage: end?.usage ?? { promptTokens: 0, completionTokens: 0 },
      timings: {
        searchMs: lookedUp?.found.searchMs ?? 0,
        recallMs: lookedUp?.recollection.recallMs ?? 0,
        mannerMs: lookedUp?.planned.mannerMs ?? 0,
        firstTokenMs: end?.firstTokenMs ?? 0,
        totalMs: performance.now() - startedMs,
      },
    }
  }

  return { items: items(), ended: () => draft.end?.reason, record }
}

/** Writes what the engine says into the draft, and passes on what a person may see. */
async function* take(
  completion: AsyncIterable<CompletionItem>,
  draft: Draft,
): AsyncGenerator<TurnItem, void> {
  for await (const item of completion) {
    if (item.kind === 'start') begin(item, draft)
    if (item.kind === 'end') draft.end = item
    if (item.kind === 'verdict') {
      draft.verdicts.push(item.verdict)
      yield item
    }
    if (item.kind === 'text') {
      draft.text += item.text
      yield { kind: 'text', text: item.text }
    }
  }
  if (!draft.end) throw new RunaError('MODEL_FAILED', 'The engine stopped in the middle of an answer.')
}

function begin({ model, computation, sampling }: CompletionItem & { kind: 'start' }, draft: Draft): void {
  draft.model = model
  if (computation) draft.computation = computation
  if (sampling) draft.sampling = sampling
}

async function firstThatFits<Result>(
  parts: PromptParts,
  room: PromptRoom,
  attempt: (prompt: Prompt) => Promise<Result>,
): Promise<Result> {
  let lastLength: number | undefined
  let lastError: unknown
  for (const share of SHARES) {
    const prompt = buildPrompt(parts, { ...room, sizeBytesMax: share * room.sizeBytesMax })
    const length = prompt.record.length + prompt.passages.length + prompt.recalled.length
    if (length === lastLength) continue
    lastLength = length
    try {
      return await attempt(prompt)
    } catch (error) {
      if (!(error instanceof RunaError) || error.code !== 'CONTEXT_FULL') throw error
      lastError = error
    }
  }
  throw lastError
}

function topicsOf(asked: Asked, persona: LoadedPersona) {
  const namedByPerson = asked.topics.length > 0
  return { topics: namedByPerson ? asked.topics : persona.topics, namedByPerson }
}

function systemOf(asked: Asked, persona: LoadedPersona): readonly PastMessage[] {
  if (asked.persona === undefined && asked.system.length > 0) return asked.system
  const first = { origin: `persona ${persona.id}`, role: 'system', content: persona.prompt } as const
  return [first, ...asked.system]
}

async function hear(
  snarf: Snarf,
  { heard, question }: Asked,
  turn: string,
  { trace }: CallContext,
): Promise<Notice[]> {
  return heard ? observeMessage(snarf, { message: question, turn }, trace) : []
}

function samplingOf(asked: Asked, { persona, lookedUp }: Pick<Draft, 'persona' | 'lookedUp'>): Sampling {
  const { temperature } = lookedUp?.planned.manner.sampling ?? {}
  return { ...persona?.sampling, ...(temperature !== undefined && { temperature }), ...asked.sampling }
}

function withoutWords({ turn, thread, at, utterance, start, end, score }: RecalledPiece) {
  return { turn, thread, at, utterance, start, end, score }
}

function withoutSearch(passage: GivenPassage): AnswerRecord['passages'][number] {
  const { number, topic, document, start, end, title, score, text, digest } = passage
  return { number, topic, document, start, end, title, score, text, ...(digest !== undefined && { digest }) }
}
