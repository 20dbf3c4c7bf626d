import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RunaError } from '#protocol'
import { describeCrash } from './faults.ts'
import { createLog } from './log.ts'

const trace = '0192f0c1-2345-7abc-8def-0123456789ab'
const record = { operation: 'now', durationMs: 1.23456, trace, input: { everyMs: 5 } }

function logged(write: (log: ReturnType<typeof createLog>) => void): Record<string, unknown> {
  const lines: string[] = []
  write(createLog('clock', (line) => lines.push(line)))
  assert.equal(lines.length, 1)
  return JSON.parse(lines[0] ?? '')
}

test('a call leaves its time, name, outcome, duration, trace and input', () => {
  const { time, ...rest } = logged((log) => log.call({ ...record, outcome: 'OK' }))
  assert.match(String(time), /^\d{4}-\d\d-\d\dT/)
  const expected = {
    service: 'clock',
    operation: 'now',
    outcome: 'OK',
    durationMs: 1.2,
    trace,
    input: { everyMs: 5 },
  }
  assert.deepEqual(rest, expected)
})

test('a fault leaves where it happened, and none of its words', () => {
  const line = logged((log) =>
    log.call({ ...record, outcome: 'INTERNAL', error: new TypeError('dear diary') }),
  )
  assert.equal(line['error'], 'TypeError')
  assert.match(String(line['at']), /log\.test/)
  assert.doesNotMatch(JSON.stringify(line), /dear diary/)
})

test('what nobody caught leaves where it happened, and its words where they cannot be a person’s', () => {
  const thrown = (() => {
    try {
      return JSON.parse('dear diary\n    at home')
    } catch (error) {
      return error
    }
  })()
  assert.match(String((thrown as Error).message), /dear/)
  assert.match(describeCrash(thrown), /^SyntaxError:\n {4}at .*/)
  const multiline = new TypeError('oh\n    at home, dear diary')
  for (const error of [thrown, multiline, new RunaError('DOCUMENT_UNKNOWN', 'dear diary'), 'dear diary'])
    assert.doesNotMatch(describeCrash(error), /dear|home/)
  const refused = Object.assign(new Error('EACCES: permission denied'), { code: 'EACCES', errno: -13 })
  assert.match(describeCrash(refused), /^Error: EACCES: permission denied \[EACCES\]/)
  assert.match(describeCrash(new RunaError('BUSY', 'Come back later.')), /^RunaError: Come back later/)
})

test('an error that was worded for strangers leaves its words', () => {
  const error = new RunaError('BUSY', 'Come back later.')
  assert.equal(
    logged((log) => log.call({ ...record, outcome: 'BUSY', error }))['message'],
    'Come back later.',
  )
})

test('an error that names what people wrote leaves its code alone', () => {
  const error = new RunaError('DOCUMENT_UNKNOWN', 'The topic letters has no document dear diary.')
  const line = logged((log) => log.call({ ...record, outcome: 'DOCUMENT_UNKNOWN', error }))
  assert.equal(line['outcome'], 'DOCUMENT_UNKNOWN')
  assert.doesNotMatch(JSON.stringify(line), /dear diary/)
})

test('a line that would be too long leaves the details out', () => {
  const line = logged((log) => log.call({ ...record, outcome: 'OK', input: 'x'.repeat(5_000) }))
  assert.equal(line['shortened'], true)
  assert.equal(line['input'], undefined)
  assert.equal(logged((log) => log('loaded', { model: 'small' }))['model'], 'small')
})
