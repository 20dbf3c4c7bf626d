import {
  type CallContext,
  type Client,
  ERRORS,
  type Notice,
  QUERY_LENGTH_MAX,
  type QueryEmbedding,
  RunaError,
  type tietoContract,
} from '#protocol'
import type { GivenPassage } from './citations.ts'
import { patiently } from './patience.ts'
import type { Looked } from './prompt.ts'

const PASSAGES_MAX = 20
const PATIENCE_MS = 3_000

export interface Found {
  readonly looked: Looked
  readonly passages: readonly GivenPassage[]
  readonly notices: readonly Notice[]
  readonly searchMs: number
}

export interface Look {
  readonly question: string
  readonly topics: readonly string[]
  /** The person named the topics, so one that does not exist is a mistake to be told; a persona's is passed over. */
  readonly namedByPerson: boolean
  readonly embed: Embed
  /** For all of it. */
  readonly timeoutMs: number
}

/** A vector for a text, made once for whoever looks. */
export type Embed = (text: string) => Promise<QueryEmbedding>

type Tieto = Pick<Client<typeof tietoContract>, 'search' | 'topics'>

/**
 * Passages of these topics that fit the question; none where the search itself says that nothing does. Documents
 * that cannot be searched cost the answer its sources, not the person the answer. Rejects with TOPIC_UNKNOWN.
 */
export async function lookIntoDocuments(tieto: Tieto, look: Look, context: CallContext): Promise<Found> {
  const startedMs = performance.now()
  const { namedByPerson } = look
  const found = (looked: Looked, passages: GivenPassage[] = [], notices: Notice[] = []): Found => {
    return { looked, passages, notices, searchMs: performance.now() - startedMs }
  }
  try {
    const answer = await search(tieto, look, context)
    if (answer === undefined) return found('not-asked')
    if (!answer.match || answer.passages.length === 0) return found(namedByPerson ? 'nothing' : 'not-asked')
    return found(
      'found',
      answer.passages.map((passage, index) => ({ ...passage, number: index + 1 })),
    )
  } catch (error) {
    if (context.signal.aborted) throw context.signal.reason
    if (namedByPerson && isUnknownTopic(error)) throw error
    return found(namedByPerson ? 'failed' : 'not-asked', [], [searchFailed(error)])
  }
}

/** Undefined where there is no topic to search. */
async function search(tieto: Tieto, look: Look, { signal, trace }: CallContext) {
  const { question, topics, namedByPerson, embed, timeoutMs } = look
  const endMs = performance.now() + timeoutMs
  const options = () => ({ signal, trace, timeoutMs: Math.max(1, Math.ceil(endMs - performance.now())) })
  const query = question.slice(0, QUERY_LENGTH_MAX)
  const patience = { patienceMs: PATIENCE_MS, codes: ['SERVICE_LOST', 'BUSY'], signal } as const
  const within = async (names: readonly string[]) => {
    if (names.length === 0) return undefined
    const input = { query, embedding: await embed(query), topics: [...names], passagesMax: PASSAGES_MAX }
    return patiently(() => tieto.search(input, options()), patience)
  }
  try {
    return await within(topics)
  } catch (error) {
    if (namedByPerson || !isUnknownTopic(error)) throw error
    const existing = (await tieto.topics({}, options())).topics.map(({ name }) => name)
    return within(topics.filter((name) => existing.includes(name)))
  }
}

function isUnknownTopic(error: unknown): boolean {
  return error instanceof RunaError && error.code === 'TOPIC_UNKNOWN'
}

function searchFailed(error: unknown): Notice {
  const reason = error instanceof RunaError ? error.message : ERRORS.INTERNAL.means
  return { kind: 'search-failed', detail: `The documents could not be searched for this answer: ${reason}` }
}
