import { RunaError } from '#protocol'
import type { Card, Comment, List } from '../api.ts'
import { LIMITS } from '../limits.ts'
import { applyRunChange } from './apply-run.ts'
import type { BoardState, Entry } from './entry.ts'
import {
  changeCard,
  changeList,
  enterList,
  findCard,
  findList,
  insertAt,
  isOpen,
  PAUSED_REASON,
  withComment,
  withoutCard,
} from './places.ts'

type ChangeOf<Kind> = Extract<Entry['change'], { kind: Kind }>
type Appliers = {
  readonly [Kind in Entry['change']['kind']]: (
    board: BoardState,
    change: ChangeOf<Kind>,
    entry: Entry,
  ) => BoardState
}

/**
 * The board after `entry`. It only looks at what it is given, so that a log always folds to the same board.
 * Throws BOARD_UNKNOWN, BOARD_FULL, BAD_INPUT or VERSION_CONFLICT, and then nothing has changed.
 */
export function applyChange(board: BoardState, entry: Entry): BoardState {
  const apply = APPLIERS[entry.change.kind] as (
    board: BoardState,
    change: Entry['change'],
    entry: Entry,
  ) => BoardState
  return { ...apply(board, entry.change, entry), version: board.version + 1 }
}

const APPLIERS: Appliers = {
  renameBoard: (board, { title }) => ({ ...board, title }),
  addList,
  renameList: (board, { list, title }) => changeList(board, list, (found) => ({ ...found, title })),
  moveList,
  removeList,
  setAssistant,
  addCard,
  editCard,
  moveCard,
  removeCard,
  restoreCard,
  addComment,
  queueRun: applyRunChange,
  startRun: applyRunChange,
  finishRun: applyRunChange,
  failRun: applyRunChange,
  forgetAnswers,
}

function addList(board: BoardState, { title, at }: ChangeOf<'addList'>, { id }: Entry): BoardState {
  if (board.lists.length >= LIMITS.listsMax) {
    throw new RunaError('BOARD_FULL', `A board has at most ${LIMITS.listsMax} lists.`)
  }
  return { ...board, lists: insertAt(board.lists, { id, title, assistant: null, cards: [] }, at) }
}

function moveList(board: BoardState, { list: id, at }: ChangeOf<'moveList'>): BoardState {
  const list = findList(board, id)
  const others = board.lists.filter((other) => other !== list)
  return { ...board, lists: insertAt(others, list, at) }
}

function removeList(board: BoardState, { list: id }: ChangeOf<'removeList'>): BoardState {
  const list = findList(board, id)
  if (list.cards.length > 0) {
    throw new RunaError('BAD_INPUT', `The list still holds ${list.cards.length} cards. Move them first.`)
  }
  const others = board.lists.filter((other) => other !== list)
  return { ...board, lists: others.map((other) => forgetTarget(other, id)) }
}

function forgetTarget(list: List, target: string): List {
  if (list.assistant?.resultsTo !== target) return list
  return { ...list, assistant: { ...list.assistant, resultsTo: null } }
}

/** Cards that are already in the list are not queued: nobody asked for that. Those that wait learn whether they still do. */
function setAssistant(board: BoardState, { list: id, assistant }: ChangeOf<'setAssistant'>): BoardState {
  if (assistant?.resultsTo === id) {
    throw new RunaError('BAD_INPUT', 'The results of a list cannot go to the list itself.')
  }
  if (assistant?.resultsTo) findList(board, assistant.resultsTo)
  return changeList(board, id, (list) => ({
    ...list,
    assistant,
    cards: list.cards.map((card) => waitAs(card, assistant)),
  }))
}

function waitAs(card: Card, assistant: List['assistant']): Card {
  if (!isOpen(card)) return card
  if (assistant === null) return { ...card, run: null }
  if (card.run?.state !== 'queued') return card
  return { ...card, run: { ...card.run, reason: assistant.paused ? PAUSED_REASON : '' } }
}

function addCard(board: BoardState, change: ChangeOf<'addCard'>, { id, at: now }: Entry): BoardState {
  const list = findList(board, change.list)
  assertRoomForCard(board)
  const { title, text } = change
  const blank = { labels: [], persona: null, prompt: null, run: null, comments: [] }
  const card: Card = { id, title, text, ...blank, createdAt: now, updatedAt: now }
  return changeList(board, list.id, (found) => ({
    ...found,
    cards: insertAt(found.cards, enterList(card, found, id), change.at),
  }))
}

function assertRoomForCard(board: BoardState): void {
  const cards = board.lists.reduce((sum, list) => sum + list.cards.length, 0)
  if (cards >= LIMITS.cardsMax) {
    throw new RunaError('BOARD_FULL', `A board has at most ${LIMITS.cardsMax} cards.`)
  }
}

function editCard(board: BoardState, change: ChangeOf<'editCard'>, { at: now }: Entry): BoardState {
  return changeCard(board, change.card, (card) => ({
    ...card,
    title: change.title ?? card.title,
    text: change.text ?? card.text,
    labels: change.labels ?? card.labels,
    persona: change.persona === undefined ? card.persona : change.persona,
    prompt: change.prompt === undefined ? card.prompt : change.prompt,
    updatedAt: now,
  }))
}

function moveCard(board: BoardState, change: ChangeOf<'moveCard'>, { id }: Entry): BoardState {
  const { list: from, card } = findCard(board, change.card)
  const to = findList(board, change.list)
  const moved = from.id === to.id ? card : enterList(card, to, id)
  return changeList(withoutCard(board, card.id), to.id, (list) => ({
    ...list,
    cards: insertAt(list.cards, moved, change.at),
  }))
}

function removeCard(board: BoardState, change: ChangeOf<'removeCard'>): BoardState {
  const { list, card, at } = findCard(board, change.card)
  const calm = isOpen(card) ? { ...card, run: null } : card
  const removed = [...board.removed, { card: calm, list: list.id, at }].slice(-LIMITS.removedCardsMax)
  return { ...withoutCard(board, card.id), removed }
}

function restoreCard(board: BoardState, change: ChangeOf<'restoreCard'>): BoardState {
  const found = board.removed.find(({ card }) => card.id === change.card)
  if (!found) throw new RunaError('BOARD_UNKNOWN', 'That card can no longer be brought back.')
  assertRoomForCard(board)
  const list = board.lists.find(({ id }) => id === found.list) ?? board.lists[0]
  if (!list) throw new RunaError('BOARD_UNKNOWN', 'There is no list that the card could go to.')
  const restored = changeList(board, list.id, (place) => ({
    ...place,
    cards: insertAt(place.cards, found.card, found.at),
  }))
  return { ...restored, removed: board.removed.filter((other) => other !== found) }
}

function addComment(board: BoardState, change: ChangeOf<'addComment'>, { id, at }: Entry): BoardState {
  const { text } = change
  const comment: Comment = { id, author: 'you', at, text, citations: [], answer: null, missing: null }
  return changeCard(board, change.card, (card) => withComment(card, comment))
}

/** Also on cards that were taken off the board: they may come back. */
function forgetAnswers(board: BoardState, { answers }: ChangeOf<'forgetAnswers'>): BoardState {
  const gone = new Set(answers)
  const withoutThem = (card: Card): Card => ({
    ...card,
    comments: card.comments.map((comment) =>
      comment.answer !== null && gone.has(comment.answer)
        ? { ...comment, text: '', citations: [], missing: 'forgotten' }
        : comment,
    ),
  })
  return {
    ...board,
    lists: board.lists.map((list) => ({ ...list, cards: list.cards.map(withoutThem) })),
    removed: board.removed.map((removed) => ({ ...removed, card: withoutThem(removed.card) })),
  }
}
