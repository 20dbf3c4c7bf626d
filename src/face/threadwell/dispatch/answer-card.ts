import { RunaError, type Turn } from '#protocol'
import type { Card } from '../api.ts'
import type { Services } from '../services.ts'
import type { OpenRun } from './open-runs.ts'
import { questionOf } from './question.ts'

type Conversation = Services['conversation']

/** What an assistant made of a card. The answer itself is in the memory. */
export interface CardResult {
  readonly state: 'done' | 'needs-you'
  readonly reason: string
  /** Its id. */
  readonly answer: string
}

/**
 * Asks for one answer to a card, in the card's own thread; where an earlier attempt left one that never reached the card,
 * it is that. Rejects with what the conversation rejects with.
 */
export async function answerCard(
  conversation: Conversation,
  { list, card, run }: Pick<OpenRun, 'list' | 'card' | 'run'>,
  signal: AbortSignal,
): Promise<CardResult> {
  const turns = await turnsSoFar(conversation, card, signal)
  const left = run.tries > 0 ? leftBehind(card, turns) : undefined
  if (left) return { ...judge(left), answer: left.id }
  const persona = card.persona ?? list.assistant?.persona
  const asked = {
    ...(persona !== undefined && { persona }),
    topics: list.assistant?.topics ?? [],
    ...{ thread: card.id, begin: true },
    instructions: [list.assistant?.prompt, card.prompt].filter(Boolean).join('\n\n'),
    ...questionOf(card, turns),
  }
  let turn: Turn | undefined
  for await (const item of conversation.turn(asked, { signal })) {
    if (item.kind === 'end') turn = item.turn
  }
  if (!turn) throw new Error('The conversation ended without an end.')
  return { ...judge(turn), answer: turn.id }
}

/** None before the first answer, and none where all of them were forgotten. */
async function turnsSoFar(conversation: Conversation, { id }: Card, signal: AbortSignal): Promise<Turn[]> {
  try {
    return (await conversation.thread({ id }, { signal })).turns
  } catch (error) {
    if (error instanceof RunaError && error.code === 'THREAD_UNKNOWN') return []
    throw error
  }
}

/** The last answer, if it is whole, nobody has it yet, and the card has not changed since. */
function leftBehind({ comments, updatedAt }: Card, turns: readonly Turn[]): Turn | undefined {
  const last = turns.at(-1)
  if (!last || last.at < updatedAt || last.reason === 'stopped' || last.reason === 'failed') return undefined
  return comments.some(({ answer }) => answer === last.id) ? undefined : last
}

const REASONS: Readonly<Record<Turn['reason'], Pick<CardResult, 'state' | 'reason'>>> = {
  stop: { state: 'done', reason: '' },
  length: { state: 'done', reason: 'The answer reached its greatest length, and ends there.' },
  'no-match': {
    state: 'needs-you',
    reason: 'Nothing in the documents answers this card. Add documents, or change the card.',
  },
  blocked: { state: 'needs-you', reason: 'A policy stopped this answer. The comment says more.' },
  stopped: { state: 'needs-you', reason: 'The answer was stopped before its end.' },
  failed: { state: 'needs-you', reason: 'The answer broke off. What was said so far is in the comment.' },
}

function judge({ reason, notices }: Turn): Pick<CardResult, 'state' | 'reason'> {
  const judged = REASONS[reason]
  return {
    ...judged,
    reason: [judged.reason, ...notices.map((notice) => notice.detail)].filter(Boolean).join(' '),
  }
}
