import assert from 'node:assert/strict'
import { test } from 'node:test'
import { releaseAtRest } from './rest.ts'

test('memory is given back once after each work, and not meanwhile', (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] })
  let usedMs = 0
  let released = 0
  const end = releaseAtRest({
    usedMs: () => usedMs,
    release: () => {
      released += 1
      usedMs += 1_000
    },
  })
  const pass = (workMs: number) => {
    usedMs += workMs
    t.mock.timers.tick(5_000)
    return released
  }
  assert.equal(pass(900), 0, 'it still starts')
  assert.equal(pass(10), 1)
  assert.equal(pass(10), 1, 'there is nothing new to give back')
  assert.equal(pass(3_000), 1)
  assert.equal(pass(20), 2)
  end()
  assert.equal(pass(3_000) + pass(0), 4)
})
