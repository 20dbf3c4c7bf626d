import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RecordedMessage } from '#kernel/splinter'
import { buildTrace, showTrace } from './trace-tree.ts'

const TRACE = '01890a5d-ac96-774b-bcce-b302099a8057'

function message(at: number, type: string, call: string, fields: Partial<RecordedMessage>): RecordedMessage {
  return {
    at,
    from: '',
    to: '',
    type,
    call,
    trace: TRACE,
    sizeBytes: 100,
    sealed: false,
    last: true,
    ...fields,
  }
}

const QUESTION = [
  message(1_000, 'query', 'turn', { from: 'cli@7.1', to: 'conversation', operation: 'turn' }),
  message(1_002, 'query', 'search', { from: 'conversation@3.1', to: 'tieto', operation: 'search' }),
  message(1_003, 'query', 'complete', { from: 'conversation@3.1', to: 'inference', operation: 'complete' }),
  message(1_008, 'response', 'search', { from: 'tieto', to: 'conversation@3.1' }),
  message(1_010, 'response', 'complete', { from: 'inference', to: 'conversation@3.1', last: false }),
  message(1_020, 'response', 'complete', { from: 'inference', to: 'conversation@3.1', last: false }),
  message(1_030, 'error', 'complete', { from: 'inference', to: 'conversation@3.1' }),
  message(1_040, 'response', 'turn', { from: 'conversation', to: 'cli@7.1' }),
]

test('a trace is a tree of calls: who called whom on whose behalf, and how long it took', () => {
  const lines = showTrace(buildTrace(TRACE, QUESTION))
  assert.deepEqual(lines, [
    `Trace ${TRACE}: 3 calls, 0 events`,
    '',
    '   +0 µs  cli → conversation turn: 40 ms',
    ' +2.0 ms  ├ conversation → tieto search: 6.0 ms',
    ' +3.0 ms  └ conversation → inference complete: failed after 27 ms',
  ])
})

test('what has no end yet says so, with what came of it so far', () => {
  const [, , search, complete] = showTrace(buildTrace(TRACE, QUESTION.slice(0, 6))).slice(1)
  assert.match(search ?? '', /search: 6.0 ms/)
  assert.match(complete ?? '', /complete: runs, 2 items so far/)
  const [only] = showTrace(buildTrace(TRACE, QUESTION.slice(0, 1))).slice(2)
  assert.match(only ?? '', /turn: no answer so far/)
})

test('a call that began after its caller had answered stands for itself', () => {
  const late = message(1_050, 'query', 'note', {
    from: 'conversation@3.1',
    to: 'snarf',
    operation: 'observe',
  })
  const { roots } = buildTrace(TRACE, [...QUESTION, late])
  assert.deepEqual(
    roots.map(({ operation }) => operation),
    ['turn', 'observe'],
  )
})

test('other traces, and what was not sent, leave no mark', () => {
  const other = { ...message(1_001, 'query', 'x', { from: 'a', to: 'b' }), trace: 'another' }
  const refused = message(1_001, 'query', 'y', { from: 'a', to: 'b', refused: true })
  assert.equal(buildTrace(TRACE, [other, refused]).roots.length, 0)
})
