import type { Citation, Message, Turn } from '#protocol'
import type { Card, List } from '../api.ts'
import type { Services } from '../services.ts'

/** What an assistant made of a card. */
export interface CardResult {
  readonly state: 'done' | 'needs-you'
  readonly reason: string
  readonly text: string
  readonly citations: Citation[]
}

/** Older comments are left out: the newest say what the person wants now. */
const COMMENTS_READ_MAX = 20

/** Asks for one answer to a card. Rejects with what the conversation rejects with. */
export async function answerCard(
  conversation: Services['conversation'],
  list: List,
  card: Card,
  signal: AbortSignal,
): Promise<CardResult> {
  const persona = card.persona ?? list.assistant?.persona
  const topics = list.assistant?.topics ?? []
  const asked = { ...(persona !== undefined && { persona }), topics, messages: messagesOf(list, card) }
  let turn: Turn | undefined
  for await (const item of conversation.complete(asked, { signal })) {
    if (item.kind === 'end') turn = item.turn
  }
  if (!turn) throw new Error('The conversation ended without an end.')
  return { ...judge(turn), text: turn.answer, citations: turn.citations }
}

/** The card is the question; what was said about it since is the talk that follows. A person always speaks last. */
function messagesOf(list: List, card: Card): Message[] {
  const prompt = [list.assistant?.prompt, card.prompt].filter(Boolean).join('\n\n')
  const question = [card.title, card.text].filter(Boolean).join('\n\n')
  const lastWord = card.comments.findLastIndex((comment) => comment.author === 'you')
  const talk = card.comments.slice(0, lastWord + 1).slice(-COMMENTS_READ_MAX)
  return [
    ...(prompt ? [{ role: 'system' as const, content: prompt }] : []),
    { role: 'user', content: question },
    ...talk.map((comment) => ({
      role: comment.author === 'you' ? ('user' as const) : ('assistant' as const),
      content: comment.text,
    })),
  ]
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
