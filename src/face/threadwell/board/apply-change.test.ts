import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createUuidV7, RunaError } from '#protocol'
import type { Card } from '../api.ts'
import { LIMITS } from '../limits.ts'
import { applyChange } from './apply-change.ts'
import type { BoardState, Entry } from './entry.ts'
import { designFirstBoard } from './first-board.ts'
import { foldRecords, snapshotRecords } from './snapshot.ts'

const empty: BoardState = { id: createUuidV7(), title: 'Test', version: 0, lists: [], removed: [] }
const first = designFirstBoard(empty)
const [inbox, assistant, review, done] = first.lists.map((list) => list.id) as [
  string,
  string,
  string,
  string,
]
const firstCard = cardsOf(first)[0]?.id as string

let clock = 1
const entryOf = (change: Entry['change']): Entry => ({ id: createUuidV7(), at: clock++, change })

function apply(board: BoardState, ...changes: Entry['change'][]): BoardState {
  return changes.reduce((state, change) => applyChange(state, entryOf(change)), board)
}

function cardsOf(board: BoardState): Card[] {
  return board.lists.flatMap((list) => list.cards)
}

function cardOf(board: BoardState, id = firstCard): Card {
  const card = cardsOf(board).find((candidate) => candidate.id === id)
  assert.ok(card)
  return card
}

function listOf(board: BoardState, card: string): string | undefined {
  return board.lists.find((list) => list.cards.some(({ id }) => id === card))?.id
}

/** Any change, aimed at what the board has, or had, or never had. */
const anyChange = fc.record({
  kind: fc.constantFrom(
    ...['addList', 'moveList', 'removeList', 'setAssistant', 'addCard', 'editCard', 'moveCard', 'removeCard'],
    ...['moveCard', 'addCard', 'restoreCard', 'addComment', 'queueRun', 'startRun', 'finishRun', 'failRun'],
  ),
  which: fc.nat({ max: 9 }),
  other: fc.nat({ max: 9 }),
  at: fc.nat({ max: 12 }),
  word: fc.constantFrom('one', 'two'),
})

type Wish = typeof anyChange extends fc.Arbitrary<infer Value> ? Value : never

function aim(board: BoardState, { kind, which, other, at, word }: Wish): Entry['change'] {
  const pick = (ids: readonly string[], index: number) => ids[index % (ids.length + 1)] ?? createUuidV7()
  const list = pick(
    board.lists.map(({ id }) => id),
    which,
  )
  const target = pick(
    board.lists.map(({ id }) => id),
    other,
  )
  const gone = board.removed.map(({ card }) => card.id)
  const card = pick(kind === 'restoreCard' ? gone : cardsOf(board).map(({ id }) => id), which)
  const attempt = cardsOf(board).find(({ id }) => id === card)?.run?.attempt ?? createUuidV7()
  const settings = { persona: 'default', prompt: '', topics: [], resultsTo: target, paused: at > 6 }
  const result = { state: 'done', reason: '', text: word, citations: [], answer: null }
  return {
    ...{ kind, list: kind === 'moveCard' ? target : list, card, at, attempt, title: word, text: word },
    ...(kind === 'setAssistant' && { assistant: at > 9 ? null : settings }),
    ...(kind === 'queueRun' && { tries: 0, reason: '', replaces: null }),
    ...(kind === 'finishRun' && result),
    ...(kind === 'failRun' && { reason: word }),
  } as Entry['change']
}

function deepFreeze(value: unknown): void {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return
  Object.freeze(value)
  for (const inner of Object.values(value)) deepFreeze(inner)
}

test('no card is ever lost or doubled, and what is refused changes nothing', () => {
  fc.assert(
    fc.property(fc.array(anyChange, { maxLength: 60 }), (aimless) => {
      const expected = new Set(cardsOf(first).map(({ id }) => id))
      let board = first
      for (const wish of aimless) {
        deepFreeze(board)
        const entry = entryOf(aim(board, wish))
        try {
          board = applyChange(board, entry)
        } catch (error) {
          assert.ok(error instanceof RunaError, String(error))
          continue
        }
        const { change } = entry
        if (change.kind === 'addCard') expected.add(entry.id)
        if (change.kind === 'restoreCard') expected.add(change.card)
        if (change.kind === 'removeCard') expected.delete(change.card)
        assert.deepEqual(
          cardsOf(board)
            .map(({ id }) => id)
            .sort(),
          [...expected].sort(),
        )
      }
    }),
  )
})

test('a log gives the same board again, and so does a snapshot of it at any point', () => {
  fc.assert(
    fc.property(fc.array(anyChange, { maxLength: 40 }), fc.nat({ max: 40 }), (aimless, foldAfter) => {
      let board = first
      let folded = [...snapshotRecords(first)]
      const plain = [...folded]
      for (const [index, wish] of aimless.entries()) {
        const entry = entryOf(aim(board, wish))
        try {
          board = applyChange(board, entry)
        } catch {
          continue
        }
        const record = JSON.parse(JSON.stringify({ record: 'entry', entry }))
        plain.push(record)
        folded.push(record)
        if (index === foldAfter) folded = [...snapshotRecords(board)]
      }
      assert.deepEqual(foldRecords(plain), board)
      assert.deepEqual(foldRecords(folded), board)
      assert.deepEqual(foldRecords(snapshotRecords(board)), board)
    }),
  )
})

test('a place is counted without the card that moves, and beyond the end is the end', () => {
  const board = apply(
    first,
    ...['a', 'b', 'c'].map((title) => ({ kind: 'addCard', list: done, title, text: '' }) as const),
  )
  const titles = (state: BoardState) => state.lists.at(-1)?.cards.map((card) => card.title)
  const [a = ''] = board.lists.at(-1)?.cards.map((card) => card.id) ?? []
  assert.deepEqual(titles(apply(board, { kind: 'moveCard', card: a, list: done, at: 1 })), ['b', 'a', 'c'])
  assert.deepEqual(titles(apply(board, { kind: 'moveCard', card: a, list: done, at: 99 })), ['b', 'c', 'a'])
})

test('a card that enters an assistant list is queued, and one that is taken out again is let go of', () => {
  const queued = apply(first, { kind: 'moveCard', card: firstCard, list: assistant, at: 0 })
  assert.equal(cardOf(queued).run?.state, 'queued')
  const within = apply(queued, { kind: 'moveCard', card: firstCard, list: assistant, at: 5 })
  assert.deepEqual(cardOf(within).run, cardOf(queued).run)
  const out = apply(queued, { kind: 'moveCard', card: firstCard, list: inbox, at: 0 })
  assert.equal(cardOf(out).run, null)
})

test('a card in a paused list says that it waits, and no longer once the list goes on', () => {
  const settings = { persona: 'default', prompt: '', topics: [], resultsTo: null, paused: true }
  const paused = apply(
    first,
    { kind: 'setAssistant', list: assistant, assistant: settings },
    { kind: 'moveCard', card: firstCard, list: assistant, at: 0 },
  )
  assert.match(cardOf(paused).run?.reason ?? '', /paused/)
  const going = apply(paused, {
    kind: 'setAssistant',
    list: assistant,
    assistant: { ...settings, paused: false },
  })
  assert.deepEqual([cardOf(going).run?.state, cardOf(going).run?.reason], ['queued', ''])
})

test('a result is a comment with the id of the attempt, and the card moves where results go', () => {
  const queued = apply(first, { kind: 'moveCard', card: firstCard, list: assistant, at: 0 })
  const attempt = cardOf(queued).run?.attempt ?? ''
  const finish: Entry['change'] = {
    ...{ kind: 'finishRun', card: firstCard, attempt, state: 'done', reason: '' },
    ...{ text: 'An answer.', citations: [], answer: null },
  }
  const finished = apply(queued, { kind: 'startRun', card: firstCard, attempt }, finish)
  assert.deepEqual(
    cardOf(finished).comments.map(({ id, author, text }) => ({ id, author, text })),
    [{ id: attempt, author: 'assistant', text: 'An answer.' }],
  )
  assert.equal(listOf(finished, firstCard), review)
  assert.equal(cardOf(finished).run?.state, 'done')
  assert.throws(() => apply(finished, finish), { code: 'VERSION_CONFLICT' })
})

test('an attempt that was stopped or replaced can leave nothing behind', () => {
  const queued = apply(first, { kind: 'moveCard', card: firstCard, list: assistant, at: 0 })
  const attempt = cardOf(queued).run?.attempt ?? ''
  const again = apply(queued, { kind: 'queueRun', card: firstCard, tries: 0, reason: '', replaces: null })
  const stopped = apply(queued, { kind: 'failRun', card: firstCard, attempt, reason: 'You stopped it.' })
  for (const board of [again, stopped]) {
    const late = { kind: 'failRun', card: firstCard, attempt, reason: 'late' } as const
    assert.throws(() => apply(board, late), { code: 'VERSION_CONFLICT' })
  }
})

test('removing can be undone, and brings back everything that was on the card', () => {
  const commented = apply(first, { kind: 'addComment', card: firstCard, text: 'remember me' })
  const removed = apply(commented, { kind: 'removeCard', card: firstCard })
  assert.deepEqual(cardsOf(removed), [])
  const restored = apply(removed, { kind: 'restoreCard', card: firstCard })
  assert.deepEqual(cardOf(restored), cardOf(commented))
  assert.throws(() => apply(restored, { kind: 'restoreCard', card: firstCard }), { code: 'BOARD_UNKNOWN' })
})

test('a list with cards stays, and results cannot go where there is nothing', () => {
  assert.throws(() => apply(first, { kind: 'removeList', list: inbox }), { code: 'BAD_INPUT' })
  const without = apply(first, { kind: 'removeList', list: review })
  assert.equal(without.lists.find(({ id }) => id === assistant)?.assistant?.resultsTo, null)
  const settings = { persona: 'default', prompt: '', topics: [], paused: false }
  const aimed = (resultsTo: string) => () =>
    apply(without, { kind: 'setAssistant', list: assistant, assistant: { ...settings, resultsTo } })
  assert.throws(aimed(review), { code: 'BOARD_UNKNOWN' })
  assert.throws(aimed(assistant), { code: 'BAD_INPUT' })
})

test('each limit is an error with a code', () => {
  let board = empty
  for (let count = 0; count < LIMITS.listsMax; count += 1)
    board = apply(board, { kind: 'addList', title: 'list' })
  assert.throws(() => apply(board, { kind: 'addList', title: 'more' }), { code: 'BOARD_FULL' })
  const list = board.lists[0]?.id ?? ''
  const add = { kind: 'addCard', list, title: 'card', text: '' } as const
  const many = Array.from({ length: LIMITS.cardsMax }, () => ({ ...cardOf(first), id: createUuidV7() }))
  const full = {
    ...board,
    lists: board.lists.map((each) => (each.id === list ? { ...each, cards: many } : each)),
  }
  assert.throws(() => apply(full, add), { code: 'BOARD_FULL' })
  const comment = { kind: 'addComment', card: firstCard, text: 'word' } as const
  const talk = Array.from({ length: LIMITS.commentsMax }, () => comment)
  assert.throws(() => apply(apply(first, ...talk), comment), { code: 'BOARD_FULL' })
})
