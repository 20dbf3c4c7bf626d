import { QUESTION_LENGTH_MAX, type Turn } from '#protocol'
import type { Card } from '../api.ts'

export interface CardQuestion {
  readonly question: string
  /** Whether it is what the person just said. The title of a card is no message to anybody. */
  readonly heard: boolean
}

const GAP = '\n\n'

/**
 * What a card asks. The first time it is the card itself and what was said on it; from then on the thread knows that,
 * and the question is what the person has said since. A card that was rewritten, or says nothing new, is asked again.
 */
export function questionOf(card: Card, turns: readonly Pick<Turn, 'question'>[]): CardQuestion {
  const itself = [card.title, card.text].filter(Boolean).join(GAP)
  const isKnown = turns.some(({ question }) => question.startsWith(itself))
  const lastAnswer = card.comments.findLastIndex(({ author }) => author === 'assistant')
  const since = turns.length > 0 ? card.comments.slice(lastAnswer + 1) : card.comments
  const said = since.filter(({ author }) => author === 'you').map(({ text }) => text)
  if (isKnown && said.length > 0) return { question: newestThatFit('', said), heard: true }
  return { question: newestThatFit(itself, said), heard: false }
}

/** Older comments are left out: the newest say what the person wants now. */
function newestThatFit(first: string, said: readonly string[]): string {
  let length = first.length
  const start = said.findLastIndex((text) => {
    length += GAP.length + text.length
    return length > QUESTION_LENGTH_MAX
  })
  return [first, ...said.slice(start + 1)].filter(Boolean).join(GAP)
}
