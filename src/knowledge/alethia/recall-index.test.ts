import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createUuidV7 } from '#protocol'
import { createRecallIndex } from './recall-index.ts'

const [harbour, kitchen] = [createUuidV7(), createUuidV7()]

function createFilled() {
  const index = createRecallIndex()
  const say = (thread: string, at: number, speaker: string, text: string) =>
    index.add({ id: createUuidV7(), thread, at, utterances: [{ speaker, text }] })
  say(harbour, 10, 'Ada', 'The anchor is rusty.')
  say(harbour, 20, 'Bo', 'Then we paint it on Sunday.')
  say(kitchen, 30, 'Ada', 'The soup needs salt.')
  say(kitchen, 40, 'Bo', 'The anchor of a good soup is the stock.')
  return { index, say }
}

test('what stands beside a fitting utterance is found by it', () => {
  const { index } = createFilled()
  const found = index.recall('rusty anchor', {}, 10).map(({ text }) => text)
  assert.equal(found[0], 'The anchor is rusty.')
  assert.equal(found[1], 'Then we paint it on Sunday.')
})

test('who is named comes first, and the name is no word to look for', () => {
  const { index } = createFilled()
  assert.equal(index.recall('What did Bo say about the anchor?', {}, 1)[0]?.speaker, 'Bo')
  assert.deepEqual(index.recall('Bo', {}, 10), [])
})

test('filters by time, speaker and thread leave out the others', () => {
  const { index } = createFilled()
  const find = (filter: Parameters<typeof index.recall>[1]) =>
    index.recall('anchor', filter, 10).map(({ at }) => at)
  assert.deepEqual(new Set(find({})), new Set([10, 20, 30, 40]))
  assert.deepEqual(find({ from: 10, to: 20 }), [10])
  assert.deepEqual(new Set(find({ speaker: 'bo' })), new Set([20, 40]))
  assert.deepEqual(new Set(find({ thread: harbour })), new Set([10, 20]))
  assert.deepEqual(new Set(find({ exceptThread: harbour })), new Set([30, 40]))
  assert.equal(index.recall('anchor', {}, 1).length, 1)
})

test('a thread that goes on for long is found by its newest words', () => {
  const { index, say } = createFilled()
  for (let count = 0; count < 200; count += 1) {
    say(harbour, 100 + count, 'Ada', `Knot number ${count}.`)
    index.recall('knot', {}, 1)
  }
  say(harbour, 999, 'Bo', 'The lighthouse went dark.')
  assert.equal(index.recall('lighthouse', {}, 1)[0]?.at, 999)
})

test('nothing is found of a turn that was removed, and its neighbours move together', () => {
  const index = createRecallIndex()
  const thread = createUuidV7()
  const turns = ['The anchor is rusty.', 'A secret about Zoe.', 'Then we paint it.'].map((text, at) => ({
    id: createUuidV7(),
    ...{ thread, at, utterances: [{ speaker: at === 1 ? 'Zoe' : 'Ada', text }] },
  }))
  for (const turn of turns) index.add(turn)
  assert.equal(index.recall('secret', {}, 1)[0]?.at, 1)
  const [, secret] = turns
  if (secret) index.remove(secret)
  assert.deepEqual(index.recall('secret', {}, 10), [])
  assert.deepEqual(
    index.recall('rusty', {}, 10).map(({ at }) => at),
    [0, 2],
  )
  for (const turn of turns) index.remove(turn)
  assert.deepEqual(index.recall('rusty anchor', {}, 10), [])
})

test('of a turn without an answer only the question is found, and it is forgotten as any other', () => {
  const { index } = createFilled()
  const utterances = [
    { speaker: 'you', text: 'Where is the ladder?' },
    { speaker: 'default', text: 'No document speaks of that.' },
  ]
  const turn = { id: createUuidV7(), thread: harbour, at: 50, utterances, marks: ['unanswered'] }
  index.add(turn)
  assert.deepEqual(index.recall('document', {}, 10), [])
  const [found] = index.recall('ladder', {}, 1)
  assert.deepEqual([found?.turn, found?.utterance, found?.marks], [turn.id, 0, ['unanswered']])
  index.remove(turn)
  assert.deepEqual(index.recall('ladder', {}, 10), [])
})
