import assert from 'node:assert/strict'
import { mock, test } from 'node:test'
import { parseAncestorLine, watchSilence } from './silence.ts'

test('one that is silent for more than ten beats is given up, once; one that speaks is not', () => {
  mock.timers.enable({ apis: ['setInterval'] })
  try {
    let [beats, silences] = [0, 0]
    const watch = watchSilence(
      () => {
        beats += 1
      },
      () => {
        silences += 1
      },
    )
    for (let second = 0; second < 30; second += 1) {
      mock.timers.tick(1_000)
      watch.heard()
    }
    assert.deepEqual([beats, silences], [30, 0])
    mock.timers.tick(10_000)
    assert.equal(silences, 0)
    mock.timers.tick(1_000)
    assert.equal(silences, 1)
    mock.timers.tick(60_000)
    assert.equal(silences, 1)
  } finally {
    mock.timers.reset()
  }
})

test('what is no line of the ancestor is left out', () => {
  for (const line of ['', 'null', '7', '{}', 'beat']) assert.equal(parseAncestorLine(line), undefined)
  assert.deepEqual(parseAncestorLine('{"kind":"beat"}'), { kind: 'beat' })
})
