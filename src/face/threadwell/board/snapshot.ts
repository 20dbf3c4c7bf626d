import { RunaError } from '#protocol'
import type { Card, List } from '../api.ts'
import { applyChange } from './apply-change.ts'
import type { BoardState, LogRecord, RemovedCard } from './entry.ts'

/** A board in pieces, none of which grows with the board. `foldRecords` puts them together again. */
export function* snapshotRecords(board: BoardState): Generator<LogRecord> {
  const { id, title, version, lists, removed } = board
  const names = lists.map(({ cards: _, ...list }) => list)
  yield { record: 'board', id, title, version, lists: names }
  for (const list of lists) {
    for (const card of list.cards) yield* cardRecords(card, list.id, null)
  }
  for (const { card, list, at } of removed) yield* cardRecords(card, list, at)
}

function* cardRecords(card: Card, list: string, removedAt: number | null): Generator<LogRecord> {
  const { comments, ...bare } = card
  yield { record: 'card', card: bare, list, removedAt }
  for (const comment of comments) yield { record: 'comment', card: card.id, comment }
}

/** Throws what `applyChange` throws where the records are not those of one board. */
export function foldRecords(records: Iterable<LogRecord>): BoardState {
  const snapshot = createSnapshot()
  let board: BoardState | undefined
  for (const record of records) {
    if (record.record === 'entry') board = applyChange(board ?? snapshot.finish(), record.entry)
    else if (board) throw new RunaError('JOURNAL_CORRUPT', 'A piece of a snapshot follows a change.')
    else snapshot.add(record)
  }
  return board ?? snapshot.finish()
}

/** Grows its own copies while the pieces arrive; from `finish` on nothing changes any more. */
function createSnapshot() {
  let board: (BoardState & { removed: RemovedCard[] }) | undefined
  const lists = new Map<string, List>()
  const cards = new Map<string, Card>()

  function addCard({ card: bare, list, removedAt }: Extract<LogRecord, { record: 'card' }>): void {
    const card: Card = { ...bare, comments: [] }
    cards.set(card.id, card)
    if (removedAt !== null) board?.removed.push({ card, list, at: removedAt })
    else present(lists.get(list)).cards.push(card)
  }

  return {
    add(record: Exclude<LogRecord, { record: 'entry' }>): void {
      if (record.record === 'card') addCard(record)
      else if (record.record === 'comment') present(cards.get(record.card)).comments.push(record.comment)
      else {
        const { record: _, ...named } = record
        for (const list of named.lists) lists.set(list.id, { ...list, cards: [] })
        board = { ...named, lists: [...lists.values()], removed: [] }
      }
    },
    finish: () => present(board),
  }
}

function present<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new RunaError('JOURNAL_CORRUPT', 'A piece of a snapshot is missing.')
  return value
}
