import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { decide, type MemoryFigures, type Neighbour, needsBytes, type Room } from './decide.ts'

const MEBIBYTE = 2 ** 20
const GIBIBYTE = 2 ** 30

/** A model of 4 GiB whose cache takes 128 KiB a token. */
const FIGURES: MemoryFigures = {
  weightsBytes: 4 * GIBIBYTE,
  cacheBytesPerToken: 131_072,
  bufferBytes: 200 * MEBIBYTE,
  contextTokens: 8_192,
  contextTokensMin: 512,
}
const room = (freeBytes: number, totalBytes = 8 * GIBIBYTE): Room => ({
  freeBytes,
  totalBytes,
  limitedBy: 'machine',
})
const other: Neighbour = {
  name: 'model-other',
  weightsBytes: GIBIBYTE,
  needsBytes: 2 * GIBIBYTE,
  isStarting: false,
}
const ask = (freeBytes: number, changes: Partial<Parameters<typeof decide>[0]> = {}) =>
  decide({
    ...{ name: 'model-a', figures: FIGURES, room: room(freeBytes), peak: undefined, neighbours: [] },
    ...changes,
  })

test('a model fits, fits with less context, or not, and the figures are said', () => {
  assert.equal(ask(8 * GIBIBYTE).verdict, 'fit')
  const smaller = ask(5 * GIBIBYTE)
  assert.equal(smaller.verdict, 'smaller-context')
  assert.ok('contextTokens' in smaller && smaller.contextTokens >= 512 && smaller.contextTokens < 8_192)
  assert.match(smaller.text, /needs 5\.6 GB for 8192 tokens; 5\.4 GB of this machine is free/)
  assert.equal(ask(4 * GIBIBYTE).verdict, 'no')
})

test('the one that makes enough room is named', () => {
  const decision = ask(4 * GIBIBYTE, { neighbours: [other] })
  assert.deepEqual([decision.verdict, 'name' in decision && decision.name], ['unload', 'model-other'])
  assert.equal(ask(2 * GIBIBYTE, { neighbours: [other] }).verdict, 'no')
})

test('the weights of one that runs are no free memory, and all of one that starts', () => {
  const free = 6.5 * GIBIBYTE
  assert.equal(ask(free).verdict, 'fit')
  assert.equal(ask(free, { neighbours: [{ ...other, needsBytes: GIBIBYTE }] }).verdict, 'smaller-context')
  assert.equal(ask(free, { neighbours: [{ ...other, isStarting: true }] }).verdict, 'no')
})

test('what was measured corrects the estimate, also for another context, and never below the hard part', () => {
  const estimate = needsBytes(FIGURES, 2_048, undefined)
  const more = { contextTokens: 4_096, peakBytes: needsBytes(FIGURES, 4_096, undefined) + 500 * MEBIBYTE }
  assert.equal(needsBytes(FIGURES, 2_048, more), estimate + 500 * MEBIBYTE)
  const little = { contextTokens: 4_096, peakBytes: GIBIBYTE }
  assert.equal(needsBytes(FIGURES, 2_048, little), FIGURES.weightsBytes + 2_048 * 131_072)
})

test('what is granted always fits, with the reserve, and is never more than was asked for', () => {
  const figures = fc.record({
    weightsBytes: fc.nat(6 * GIBIBYTE),
    cacheBytesPerToken: fc.nat(300_000),
    bufferBytes: fc.nat(GIBIBYTE),
    contextTokens: fc.integer({ min: 1, max: 100_000 }),
    contextTokensMin: fc.integer({ min: 1, max: 2_000 }),
  })
  fc.assert(
    fc.property(figures, fc.nat(12 * GIBIBYTE), (asked, freeBytes) => {
      const decision = ask(freeBytes, { figures: asked })
      if (!('contextTokens' in decision)) return
      const { contextTokens } = decision
      assert.ok(contextTokens <= asked.contextTokens && contextTokens > 0)
      assert.ok(needsBytes(asked, contextTokens, undefined) + 2 ** 28 <= freeBytes)
    }),
  )
})
