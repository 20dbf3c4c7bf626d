import {
  type CallContext,
  type Client,
  ERRORS,
  type Notice,
  QUERY_LENGTH_MAX,
  RunaError,
  type tietoContract,
} from '#protocol'
import type { GivenPassage } from './citations.ts'
import { patiently } from './patience.ts'
import type { Looked } from './prompt.ts'

const PASSAGES_MAX = 20
const PATIENCE_MS = 3_000
const TIMEOUT_MS = 10_000

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
}

/**
 * Passages of these topics that fit the question; none where the search itself says that nothing does. Documents
 * that cannot be searched cost the answer its sources, not the person the answer. Rejects with TOPIC_UNKNOWN.
 */
export async function lookIntoDocuments(
  tieto: Pick<Client<typeof tietoContract>, 'search'>,
  { question, topics, namedByPerson }: Look,
  { signal, trace }: CallContext,
): Promise<Found> {
  const startedMs = performance.now()
  const found = (looked: Looked, passages: GivenPassage[] = [], notices: Notice[] = []): Found => {
    return { looked, passages, notices, searchMs: performance.now() - startedMs }
  }
  if (topics.length === 0) return found('not-asked')
  const query = question.slice(0, QUERY_LENGTH_MAX)
  const search = () =>
    tieto.search(
      { query, topics: [...topics], passagesMax: PASSAGES_MAX },
      { signal, trace, timeoutMs: TIMEOUT_MS },
    )
  try {
    const codes = ['SERVICE_LOST', 'BUSY'] as const
    const { passages, match } = await patiently(search, { patienceMs: PATIENCE_MS, codes, signal })
    if (!match || passages.length === 0) return found(namedByPerson ? 'nothing' : 'not-asked')
    return found(
      'found',
      passages.map((passage, index) => ({ ...passage, number: index + 1 })),
    )
  } catch (error) {
    if (signal.aborted) throw signal.reason
    if (namedByPerson && error instanceof RunaError && error.code === 'TOPIC_UNKNOWN') throw error
    return found(namedByPerson ? 'failed' : 'not-asked', [], [searchFailed(error)])
  }
}

function searchFailed(error: unknown): Notice {
  const reason = error instanceof RunaError ? error.message : ERRORS.INTERNAL.means
  return { kind: 'search-failed', detail: `The documents could not be searched for this answer: ${reason}` }
}
