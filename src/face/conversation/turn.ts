import {
  type AnswerRecord,
  type CallContext,
  type Client,
  type CompletionItem,
  type Computation,
  createUuidV7,
  type inferenceContract,
  type Notice,
  RunaError,
  type Sampling,
  type TurnItem,
  type TurnReason,
  type tietoContract,
} from '#protocol'
import { findCitations, type GivenPassage } from './citations.ts'
import { lookIntoDocuments } from './documents.ts'
import { openCompletion, roomFor } from './engine.ts'
import { type Manner, NO_MANNER, observeMessage, planManner, type Snarf } from './manner.ts'
import { DEFAULT_PERSONA, type LoadedPersona, type Personas } from './personas.ts'
import { buildPrompt, type PastMessage, type Prompt, type PromptParts, type PromptRoom } from './prompt.ts'

export interface TurnNeeds {
  readonly personas: Pick<Personas, 'find'>
  readonly tieto: Pick<Client<typeof tietoContract>, 'search' | 'topics'>
  readonly snarf: Snarf
  readonly inference: Pick<Client<typeof inferenceContract>, 'complete' | 'models'>
  /** What a local model is loaded with at most. */
  readonly contextTokens: number
  readonly nowMs?: () => number
}

export interface Asked {
  /** Null where nothing is stored. */
  readonly thread: string | null
  readonly question: string
  /** Whether the person said it, rather than wrote it down somewhere. */
  readonly heard: boolean
  /** Somebody may be in danger: calm words go first. */
  readonly crisis: boolean
  readonly history: readonly PastMessage[]
  /** A prompt that the caller brought; it takes the place of the default persona's. */
  readonly system: readonly PastMessage[]
  readonly persona?: string | undefined
  readonly model?: string | undefined
  readonly topics: readonly string[]
  readonly sampling: Sampling
  readonly promptBytesMax: number
}

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
  searchMs: number
  manner: Manner
  end?: CompletionItem & { kind: 'end' }
  readonly lookNotices: Notice[]
  readonly verdicts: AnswerRecord['verdicts']
}

/** One turn, from a question to an answer. Nothing happens until the first item is taken. */
export function answer(needs: TurnNeeds, asked: Asked, context: CallContext): Answering {
  const { nowMs = Date.now } = needs
  const at = nowMs()
  const startedMs = performance.now()
  const id = createUuidV7(at)
  const draft: Draft = {
    prompt: { messages: [], record: [], passages: [], notices: [] },
    model: { id: asked.model ?? '', engine: 'none', digest: '' },
    ...{ text: '', searchMs: 0, manner: NO_MANNER, lookNotices: [], verdicts: [] },
  }

  async function* items(): AsyncGenerator<TurnItem, void> {
    const persona = await needs.personas.find(asked.persona ?? DEFAULT_PERSONA)
    draft.persona = persona
    yield { kind: 'start', answer: id, thread: asked.thread }
    const model = asked.model ?? persona.model
    const look = { question: asked.question, ...topicsOf(asked, persona) }
    const [found, { manner, notices }, room] = await Promise.all([
      lookIntoDocuments(needs.tieto, look, context),
      mannerFor(needs.snarf, asked, id, context),
      roomFor(needs, model, samplingOf(asked, draft), context),
    ])
    draft.searchMs = found.searchMs
    draft.manner = manner
    draft.lookNotices.push(...found.notices, ...notices)
    const heard = hear(needs.snarf, asked, id, context)
    const sampling = samplingOf(asked, draft)
    yield { kind: 'passages', passages: [...found.passages], match: found.looked === 'found' }
    const parts = { ...asked, ...found, system: systemOf(asked, persona, manner) }
    const sizeBytesMax = Math.min(asked.promptBytesMax, room.sizeBytesMax)
    const completion = await firstThatFits(parts, { ...room, sizeBytesMax }, (prompt) => {
      draft.prompt = prompt
      const request = { messages: prompt.messages, passages: [...prompt.passages], sampling }
      return openCompletion(needs.inference, model === undefined ? request : { ...request, model }, context)
    })
    yield* take(completion, draft)
    draft.lookNotices.push(...(await heard))
  }

  function record(reason: TurnReason): AnswerRecord {
    const { prompt, persona, model, computation, text, end, searchMs, verdicts, manner } = draft
    const cited = findCitations(text, prompt.passages, end?.quotes ?? [])
    return {
      ...{ id, thread: asked.thread, at, question: asked.question, answer: text, reason },
      citations: cited.citations,
      notices: [...draft.lookNotices, ...prompt.notices, ...cited.notices],
      passages: prompt.passages.map(withoutSearch),
      prompt: prompt.record,
      persona: persona?.id ?? DEFAULT_PERSONA,
      manner: { mode: manner.mode, settings: [...manner.settings] },
      ...(computation && { computation }),
      ...{ model, sampling: draft.sampling ?? samplingOf(asked, draft), verdicts },
      ...(end?.tokensDigest !== undefined && { tokensDigest: end.tokensDigest }),
      usage: end?.usage ?? { promptTokens: 0, completionTokens: 0 },
      timings: { searchMs, firstTokenMs: end?.firstTokenMs ?? 0, totalMs: performance.now() - startedMs },
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
    const length = prompt.record.length + prompt.passages.length
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

function systemOf(asked: Asked, persona: LoadedPersona, { instruction }: Manner): readonly PastMessage[] {
  const manner = { origin: 'manner', role: 'system', content: instruction } as const
  const last = instruction === '' ? [] : [manner]
  if (asked.persona === undefined && asked.system.length > 0) return [...asked.system, ...last]
  const first = { origin: `persona ${persona.id}`, role: 'system', content: persona.prompt } as const
  return [first, ...asked.system, ...last]
}

/** Only who speaks in a thread is a person: what a program asks for is answered as the program says. */
function mannerFor(snarf: Snarf, { thread, question, crisis }: Asked, turn: string, context: CallContext) {
  if (thread === null) return { manner: NO_MANNER, notices: [] }
  return planManner(snarf, { message: question, turn, crisis }, context)
}

async function hear(
  snarf: Snarf,
  { heard, question }: Asked,
  turn: string,
  { trace }: CallContext,
): Promise<Notice[]> {
  return heard ? observeMessage(snarf, { message: question, turn }, trace) : []
}

function samplingOf(asked: Asked, { persona, manner }: Pick<Draft, 'persona' | 'manner'>): Sampling {
  const { temperature } = manner.sampling
  return { ...persona?.sampling, ...(temperature !== undefined && { temperature }), ...asked.sampling }
}

function withoutSearch(passage: GivenPassage): AnswerRecord['passages'][number] {
  const { number, topic, document, start, end, title, score, text, digest } = passage
  return { number, topic, document, start, end, title, score, text, ...(digest !== undefined && { digest }) }
}
