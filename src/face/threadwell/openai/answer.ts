import { type Citation, RunaError, type Turn, type Usage } from '#protocol'
import type { Services } from '../services.ts'
import { type ChatRequest, samplingOf } from './chat-request.ts'

/** The whole recipe: persona, every topic, and the model that is the default; quotes where there is none. */
export const RUNA_MODEL = 'runa'

const MODEL_ID = /^[a-zA-Z0-9][a-zA-Z0-9._-]{0,63}$/
/** As many as one question may search. */
const TOPICS_MAX = 64

export type AnswerPart =
  | { readonly kind: 'text'; readonly text: string }
  | {
      readonly kind: 'end'
      readonly reason: Turn['reason']
      readonly usage: Usage
      readonly citations: readonly Citation[]
    }

/** Answers by the model that is named. Throws what the services throw, MODEL_UNKNOWN among it. */
export async function* answerParts(
  services: Services,
  request: ChatRequest,
  signal: AbortSignal,
): AsyncGenerator<AnswerPart, void> {
  const { messages, model } = request
  const sampling = samplingOf(request)
  if (model === RUNA_MODEL) {
    const { topics } = await services.tieto.topics({}, { signal })
    const names = topics.map((topic) => topic.name).slice(0, TOPICS_MAX)
    for await (const item of services.conversation.complete(
      { messages, sampling, topics: names },
      { signal },
    )) {
      if (item.kind === 'text') yield item
      if (item.kind === 'end') {
        const { reason, citations } = item.turn
        yield { kind: 'end', reason, citations, usage: item.usage }
      }
    }
    return
  }
  assertModelId(model)
  for await (const item of services.inference.complete({ model, messages, sampling }, { signal })) {
    if (item.kind === 'text') yield item
    if (item.kind === 'end') yield { kind: 'end', reason: item.reason, citations: [], usage: item.usage }
  }
}

/** A name that no model can have is a model that there is not. */
export function assertModelId(model: string): void {
  if (!MODEL_ID.test(model))
    throw new RunaError('MODEL_UNKNOWN', `There is no model '${model.slice(0, 64)}'.`)
}
