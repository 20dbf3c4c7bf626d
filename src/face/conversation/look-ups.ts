import type { CallContext, Notice, Sampling } from '#protocol'
import { DEADLINES } from './deadlines.ts'
import { type Embed, type Found, lookIntoDocuments } from './documents.ts'
import { roomFor } from './engine.ts'
import { NOT_PLANNED_FOR, type Planned, planManner } from './manner.ts'
import type { Asked, TurnNeeds } from './needs.ts'
import type { PromptRoom } from './prompt.ts'
import { type Recollection, recallEarlier } from './remembering/recall.ts'

export interface LookUp {
  readonly turn: string
  readonly model: string | undefined
  readonly sampling: Sampling
  readonly topics: readonly string[]
  readonly namedByPerson: boolean
}

export interface LookedUp {
  readonly found: Found
  readonly planned: Planned
  readonly recollection: Recollection
  readonly room: PromptRoom
  readonly notices: readonly Notice[]
}

/** Everything that an answer needs to know, asked for at the same time. The question is embedded once. */
export async function lookUp(
  needs: TurnNeeds,
  asked: Asked,
  { turn, model, sampling, topics, namedByPerson }: LookUp,
  context: CallContext,
): Promise<LookedUp> {
  const { planMs, recallMs, searchMs } = { ...DEADLINES, ...needs.deadlines }
  const { question, thread, crisis, recall } = asked
  const embed: Embed = async (text) => {
    const { model: table, embed: toVector } = await needs.embedder()
    return { model: table, vector: [...toVector(text)] }
  }
  const look = { question, topics, namedByPerson, embed, timeoutMs: searchMs }
  const [found, planned, recollection, room] = await Promise.all([
    lookIntoDocuments(needs.tieto, look, context),
    // Only who speaks in a thread is a person: what a program asks for is answered as the program says.
    thread === null
      ? NOT_PLANNED_FOR
      : planManner(needs.snarf, { message: question, turn, crisis, timeoutMs: planMs }, context),
    recallEarlier(needs.alethia, { question, thread, recall, timeoutMs: recallMs }, context),
    roomFor(needs, model, sampling, context),
  ])
  const notices = [...found.notices, ...planned.notices, ...recollection.notices]
  return { found, planned, recollection, room, notices }
}
