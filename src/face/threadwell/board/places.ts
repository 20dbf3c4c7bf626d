import { RunaError } from '#protocol'
import type { Card, Comment, List } from '../api.ts'
import { LIMITS } from '../limits.ts'
import type { BoardState } from './entry.ts'

export const PAUSED_REASON = 'This list is paused. The card waits.'

export function findList(board: BoardState, id: string): List {
  const list = board.lists.find((candidate) => candidate.id === id)
  if (!list) throw new RunaError('BOARD_UNKNOWN', 'There is no such list.')
  return list
}

export interface FoundCard {
  readonly list: List
  readonly card: Card
  readonly at: number
}

export function findCard(board: BoardState, id: string): FoundCard {
  for (const list of board.lists) {
    const at = list.cards.findIndex((card) => card.id === id)
    const card = list.cards[at]
    if (card) return { list, card, at }
  }
  throw new RunaError('BOARD_UNKNOWN', 'There is no such card.')
}

export function changeList(board: BoardState, id: string, change: (list: List) => List): BoardState {
  const found = findList(board, id)
  return { ...board, lists: board.lists.map((list) => (list === found ? change(list) : list)) }
}

export function changeCard(board: BoardState, id: string, change: (card: Card) => Card): BoardState {
  const found = findCard(board, id)
  return changeList(board, found.list.id, (list) => ({
    ...list,
    cards: list.cards.map((card) => (card === found.card ? change(card) : card)),
  }))
}

export function withoutCard(board: BoardState, id: string): BoardState {
  const { list, card } = findCard(board, id)
  return changeList(board, list.id, () => ({
    ...list,
    cards: list.cards.filter((other) => other !== card),
  }))
}

/** At the end where no place is given, or the place is beyond it. */
export function insertAt<Item>(items: readonly Item[], item: Item, at: number = items.length): Item[] {
  return items.toSpliced(at, 0, item)
}

/** Waiting for an answer, or in the middle of one. */
export function isOpen(card: Card): boolean {
  return card.run?.state === 'queued' || card.run?.state === 'running'
}

/** The card as it is once a person has put it into `list`: an assistant's list queues it, any other lets go of it. */
export function enterList(card: Card, list: List, attempt: string): Card {
  if (!list.assistant) return isOpen(card) ? { ...card, run: null } : card
  const reason = list.assistant.paused ? PAUSED_REASON : ''
  return { ...card, run: { state: 'queued', reason, startedAt: null, attempt, tries: 0 } }
}

export function withComment(card: Card, comment: Comment): Card {
  if (card.comments.length >= LIMITS.commentsMax) {
    throw new RunaError('BOARD_FULL', `A card has at most ${LIMITS.commentsMax} comments.`)
  }
  return { ...card, comments: [...card.comments, comment], updatedAt: comment.at }
}
