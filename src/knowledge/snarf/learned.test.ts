import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type DayCounts, PROFILE_DAYS_MAX } from '#protocol'
import { addCounts, countMessage } from './features.ts'
import { evidenceFor, learn } from './learned.ts'

/** As many days, with as many times this message on each. */
function daysOf(count: number, message: string, { from = 100, messages = 10 } = {}): DayCounts[] {
  let days: DayCounts[] = []
  for (let day = from; day < from + count; day += 1) {
    const one = countMessage(message, day)
    for (let sent = 0; one && sent < messages; sent += 1) days = addCounts(days, one, PROFILE_DAYS_MAX)
  }
  return days
}

const CURT = 'why not'
const PLAIN = 'Why does it not start when I press the button?'
const LONG = `${'This is a sentence of some seven words. '.repeat(6)}`

test('counts are those of the message, and nothing else is kept of it', () => {
  assert.deepEqual(countMessage(' Is it so? ', 7), {
    ...{ day: 7, messages: 1, words: 3, logWords: Math.log(4) },
    ...{ capitals: 1, ended: 1 },
  })
  assert.deepEqual(countMessage('was ist los', 7)?.capitals, 0)
})

test('what looks pasted, and what has no words, is not counted', () => {
  for (const message of [
    '',
    '?!',
    '```\nlet x\n```',
    '> quoted',
    '{"a": 1}',
    'see https://example.org',
    'word '.repeat(151),
  ]) {
    assert.equal(countMessage(message, 7), undefined, message)
  }
})

test('the oldest day goes when there are too many, and a clock that goes back loses nothing', () => {
  const one = countMessage(CURT, 1)
  assert.ok(one)
  assert.equal(daysOf(PROFILE_DAYS_MAX + 5, CURT).length, PROFILE_DAYS_MAX)
  const back = addCounts(addCounts([], { ...one, day: 9 }, 60), one, 60)
  assert.deepEqual(back, [{ ...one, day: 9, messages: 2, words: 4, logWords: 2 * one.logWords }])
})

test('nothing is inferred from a day, a few messages, or an ordinary way of writing', () => {
  assert.deepEqual(learn([]), [])
  assert.deepEqual(learn(daysOf(2, CURT, { messages: 100 })), [])
  assert.deepEqual(learn(daysOf(4, CURT, { messages: 1 })), [])
  assert.deepEqual(
    learn(daysOf(30, PLAIN)).filter(({ dimension }) => dimension === 'length'),
    [],
  )
})

test('a steady habit moves its dimension by one step, with the counts as the reason', () => {
  assert.deepEqual(learn(daysOf(12, CURT)), [
    {
      dimension: 'length',
      level: 'short',
      reason: 'You mostly write fewer than 5 words (120 messages on 12 days).',
    },
    {
      dimension: 'formality',
      level: 'casual',
      reason: 'You seldom write capitals and full stops (120 messages on 12 days).',
    },
  ])
  assert.deepEqual(
    learn(daysOf(12, LONG)).map(({ level }) => level),
    ['detailed', 'formal'],
  )
  assert.equal(evidenceFor('length', daysOf(12, CURT)).length, 12)
  assert.deepEqual(evidenceFor('humour', daysOf(12, CURT)), [])
})

test('after a change of habit the guess is taken back, and made anew when it is sure', () => {
  const before = daysOf(20, CURT)
  for (const [dimension, old, anew] of [
    ['length', 'short', 'detailed'],
    ['formality', 'casual', 'formal'],
  ] as const) {
    const story = Array.from({ length: 15 }, (_, later) => {
      const learned = learn([...before, ...daysOf(later, LONG, { from: 200 })])
      return learned.find((guess) => guess.dimension === dimension)?.level
    })
    assert.deepEqual([story[0], story.at(-1)], [old, anew])
    const [doubt, sure] = [story.indexOf(undefined), story.indexOf(anew)]
    assert.ok(doubt > 0 && doubt < sure, `${dimension}: there is a time of doubt`)
    assert.ok(!story.slice(doubt).includes(old), 'the old guess does not come back')
  }
})

test('a day of other messages in a steady habit takes nothing back', () => {
  const days = [...daysOf(20, CURT), ...daysOf(1, PLAIN, { from: 200 }), ...daysOf(2, CURT, { from: 201 })]
  assert.equal(learn(days)[0]?.level, 'short')
})

test('whatever the counts, only two dimensions are inferred, by one step', () => {
  const day = fc.record({
    messages: fc.integer({ min: 1, max: 500 }),
    share: fc.double({ min: 0, max: 1, noNaN: true }),
  })
  fc.assert(
    fc.property(
      fc.array(day, { maxLength: PROFILE_DAYS_MAX }),
      fc.integer({ min: 1, max: 150 }),
      (shares, words) => {
        const days = shares.map(({ messages, share }, index): DayCounts => {
          const some = Math.floor(messages * share)
          const logWords = messages * Math.log(1 + words)
          return { day: index, messages, words: messages * words, logWords, capitals: some, ended: some }
        })
        for (const { dimension, level } of learn(days)) {
          assert.ok(
            ['length short', 'length detailed', 'formality casual', 'formality formal'].includes(
              `${dimension} ${level}`,
            ),
          )
        }
      },
    ),
  )
})
