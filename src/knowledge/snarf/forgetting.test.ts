import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createUuidV7, type DayCounts, type Profile } from '#protocol'
import { openSnarf, type Snarf } from './snarf.ts'

const DAY_MS = 86_400_000
const START_MS = 1_767_225_600_000

async function openLearning() {
  const clock = { nowMs: START_MS }
  const snarf = await openSnarf(undefined, { nowMs: () => clock.nowMs })
  await snarf.agree('learning')
  return { snarf, clock }
}

async function say(snarf: Snarf, clock: { nowMs: number }, message: string): Promise<string> {
  const turn = createUuidV7(clock.nowMs)
  await snarf.observe(message, turn)
  return turn
}

/** To what a clock and a floating point can tell. */
function rounded(days: readonly DayCounts[] = []) {
  return days.map((day) => ({ ...day, logWords: Math.round(day.logWords * 1e6) }))
}

test('counts are as if the forgotten messages had never been, whichever they are', async () => {
  const messages = fc.array(
    fc.record({
      text: fc.constantFrom(
        'Hello there.',
        'no',
        'What is a quay?',
        'Tell me of boats and harbours, please.',
      ),
      daysLater: fc.nat({ max: 2 }),
      isForgotten: fc.boolean(),
    }),
    { maxLength: 30 },
  )
  await fc.assert(
    fc.asyncProperty(messages, async (said) => {
      const [all, kept] = [await openLearning(), await openLearning()]
      const forgotten: string[] = []
      for (const { text, daysLater, isForgotten } of said) {
        all.clock.nowMs += daysLater * DAY_MS
        kept.clock.nowMs = all.clock.nowMs
        const turn = await say(all.snarf, all.clock, text)
        if (isForgotten) forgotten.push(turn)
        else await kept.snarf.observe(text, turn)
      }
      await all.snarf.forget(forgotten)
      assert.deepEqual(rounded(all.snarf.export()?.days), rounded(kept.snarf.export()?.days))
      assert.deepEqual(all.snarf.turns(), kept.snarf.turns())
    }),
    { numRuns: 40 },
  )
})

test('a guess is taken back together with the messages that it rested on', async () => {
  const { snarf, clock } = await openLearning()
  const turns: string[] = []
  for (let day = 0; day < 14; day += 1, clock.nowMs += DAY_MS) {
    for (let message = 0; message < 12; message += 1) turns.push(await say(snarf, clock, 'what now'))
  }
  const lengthOf = () => snarf.explain('length').setting
  assert.equal(lengthOf().source, 'inferred')
  assert.deepEqual(snarf.turns(), turns)
  await snarf.forget(turns)
  assert.equal(lengthOf().source, 'default')
  assert.deepEqual([snarf.export()?.days, snarf.turns()], [[], []])
})

test('what a forgotten message asked for no longer holds, unless it was locked or set since', async () => {
  const { snarf, clock } = await openLearning()
  const shorter = await say(snarf, clock, 'Shorter, please')
  const noJokes = await say(snarf, clock, 'No jokes')
  const mode = await say(snarf, clock, 'Low-stimulus mode')
  await snarf.lock(['humour'], true)
  assert.deepEqual([snarf.profile().mode, snarf.export()?.manner.length], ['low-stimulus', 'short'])
  await snarf.forget([shorter, noJokes, mode])
  const profile = snarf.export() as Profile
  assert.deepEqual([profile.mode, profile.manner], ['default', { humour: 'none' }])
  assert.deepEqual(snarf.turns(), [])
  const again = await say(snarf, clock, 'Low-stimulus mode')
  await snarf.set({ settings: {}, mode: 'focus' })
  await snarf.forget([again])
  assert.equal(snarf.profile().mode, 'focus')
})

test('of a turn whose counts nobody knows any more, all of that day go whose origin is unknown', async () => {
  const { snarf, clock } = await openLearning()
  const before = createUuidV7(clock.nowMs)
  await snarf.observe('This came from a time before turns were known.')
  const known = await say(snarf, clock, 'Hello there.')
  clock.nowMs += DAY_MS
  await snarf.observe('Nobody knows whose this is.')
  await snarf.forget([before])
  const days = snarf.export()?.days.map(({ messages, words }) => [messages, words])
  assert.deepEqual(days, [
    [1, 2],
    [1, 5],
  ])
  assert.deepEqual(snarf.turns(), [known])
})

test('turns that nothing came of change nothing', async () => {
  let changes = 0
  const snarf = await openSnarf(undefined, { nowMs: () => START_MS, onChange: () => (changes += 1) })
  await snarf.forget([createUuidV7()])
  await snarf.agree('learning')
  await snarf.observe('Hello there.', createUuidV7(START_MS))
  await snarf.forget([createUuidV7(START_MS), createUuidV7()])
  assert.deepEqual([changes, snarf.export()?.days.length], [2, 1])
})
