import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createUuidV7, QUESTION_LENGTH_MAX } from '#protocol'
import type { Card, Comment } from '../api.ts'
import { questionOf } from './question.ts'

function cardWith(...said: readonly (readonly [Comment['author'], string])[]): Card {
  const about = { text: 'In blue or green?', labels: [], persona: null, prompt: null, run: null }
  const comments = said.map(([author, text]): Comment => {
    const blank = { at: 1, citations: [], answer: null, missing: null }
    return { id: createUuidV7(), author, text, ...blank }
  })
  return { id: createUuidV7(), title: 'Paint the boat', ...about, comments, createdAt: 1, updatedAt: 1 }
}

const ITSELF = 'Paint the boat\n\nIn blue or green?'
const FIRST = [{ question: ITSELF }]

test('the first question is the card itself, with all that was said on it', () => {
  assert.deepEqual(questionOf(cardWith(['you', 'Soon.']), []), {
    question: `${ITSELF}\n\nSoon.`,
    heard: false,
  })
})

test('afterwards it is what the person has said since the last answer', () => {
  const card = cardWith(
    ['you', 'Soon.'],
    ['assistant', ''],
    ['you', 'Which blue?'],
    ['you', 'Shorter, please'],
  )
  assert.deepEqual(questionOf(card, FIRST), { question: 'Which blue?\n\nShorter, please', heard: true })
})

test('a card that was rewritten, or says nothing new, is asked again', () => {
  const card = cardWith(['assistant', ''], ['you', 'Which blue?'])
  assert.deepEqual(questionOf({ ...card, text: 'In red?' }, FIRST), {
    question: 'Paint the boat\n\nIn red?\n\nWhich blue?',
    heard: false,
  })
  assert.equal(questionOf(cardWith(['assistant', '']), FIRST).question, ITSELF)
})

test('where nothing of the thread is left, everything that the person said is asked again', () => {
  const card = cardWith(['you', 'Soon.'], ['assistant', ''], ['you', 'Which blue?'])
  assert.equal(questionOf(card, []).question, `${ITSELF}\n\nSoon.\n\nWhich blue?`)
})

test('what does not fit into a question is left out, the oldest first', () => {
  const long = 'x'.repeat(20_000)
  const { question } = questionOf(cardWith(['you', `old ${long}`], ['you', `new ${long}`]), [])
  assert.ok(question.length <= QUESTION_LENGTH_MAX)
  assert.match(question, /^Paint the boat[\s\S]*new x/)
})
