import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createUuidV7, RunaError, type Turn, turnSchema } from '#protocol'
import type { Board, Comment } from '../api.ts'
import type { Services } from '../services.ts'
import { createAnswerTexts } from './answer-texts.ts'

type Answers = Services['conversation']['answers']
type Told = Awaited<ReturnType<Answers>>

const turnOf = (id: string, answer: string): Turn =>
  turnSchema.parse({
    ...{ id, at: 1, question: '?', answer, reason: 'stop', citations: [], verdicts: [], totalMs: 1 },
    model: { id: 'm', engine: 'extractive', digest: '' },
  })

const nothing: Told = { turns: [], forgotten: [], unknown: [] }

function boardWith(...answers: readonly (string | null)[]): Board {
  const comments = answers.map((answer): Comment => {
    const text = answer === null ? 'from before' : ''
    const blank = { at: 1, citations: [], missing: null }
    return { id: createUuidV7(), author: 'assistant', text, answer, ...blank }
  })
  const blank = { title: 'x', text: '', labels: [], persona: null, prompt: null, run: null }
  const card = { id: createUuidV7(), ...blank, comments, createdAt: 1, updatedAt: 1 }
  const list = { id: createUuidV7(), title: 'x', assistant: null, cards: [card] }
  return { id: createUuidV7(), title: 'x', version: 1, lists: [list] }
}

const textsOn = (board: Board) =>
  board.lists[0]?.cards[0]?.comments.map(({ text, missing }) => [text, missing])

test('answers are asked for once, and then known', async () => {
  const [one, two] = [createUuidV7(), createUuidV7()]
  const asked: string[][] = []
  const texts = createAnswerTexts({
    async answers({ ids }) {
      asked.push([...ids])
      // One a message: the rest is asked for again.
      return { ...nothing, turns: [turnOf(ids[0] ?? '', `answer ${asked.length}`)] }
    },
  })
  const board = boardWith(one, null, two)
  const shown = [
    ['answer 1', null],
    ['from before', null],
    ['answer 2', null],
  ]
  assert.deepEqual(textsOn(await texts.fill(board)), shown)
  assert.deepEqual(textsOn(await texts.fill(board)), shown)
  assert.deepEqual(asked, [[one, two], [two]])
  assert.deepEqual(textsOn(board)?.[0], ['', null], 'the board itself holds none of it')
})

test('a forgotten answer says so, also where it was known, or on its way', async () => {
  const [known, gone, coming] = [createUuidV7(), createUuidV7(), createUuidV7()]
  let forgetComing = () => {}
  const texts = createAnswerTexts({
    async answers({ ids }) {
      forgetComing()
      const there = ids.filter((id) => id !== gone)
      return { ...nothing, turns: there.map((id) => turnOf(id, 'secret')), forgotten: [gone] }
    },
  })
  const forgotten = ['This answer was forgotten.', 'forgotten']
  assert.deepEqual(textsOn(await texts.fill(boardWith(known, gone))), [['secret', null], forgotten])
  texts.forget([known])
  assert.deepEqual(textsOn(await texts.fill(boardWith(known, gone))), [forgotten, forgotten])
  forgetComing = () => texts.forget([coming])
  assert.deepEqual(textsOn(await texts.fill(boardWith(coming))), [forgotten])
  assert.deepEqual(textsOn(await texts.fill(boardWith(coming))), [forgotten])
})

test('where nobody answers, the board is there all the same, and is asked for again', async () => {
  let isUp = false
  const texts = createAnswerTexts({
    async answers({ ids }) {
      if (!isUp) throw new RunaError('SERVICE_LOST')
      return { ...nothing, turns: ids.map((id) => turnOf(id, 'there')) }
    },
  })
  const board = boardWith(createUuidV7())
  assert.deepEqual(textsOn(await texts.fill(board)), [
    ['This answer cannot be reached at the moment.', 'unreachable'],
  ])
  isUp = true
  assert.deepEqual(textsOn(await texts.fill(board)), [['there', null]])
})
