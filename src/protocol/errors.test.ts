import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RunaError, toErrorPayload } from './errors.ts'

test('who has no descriptor left says so, and the rest of what is not declared stays unsaid', () => {
  const refused = Object.assign(new Error('EMFILE: too many open files, open /home/ida/letter'), {
    code: 'EMFILE',
  })
  const wrapped = new RunaError('JOURNAL_FAILED', 'It could not be opened.', { cause: refused })
  for (const error of [refused, wrapped]) {
    const { code, message } = toErrorPayload(error, 'trace')
    assert.equal(code, 'BUSY')
    assert.match(message, /EMFILE/)
    assert.doesNotMatch(message, /ida/)
  }
  assert.equal(toErrorPayload(wrapped, 'trace', ['JOURNAL_FAILED']).code, 'JOURNAL_FAILED')
  assert.equal(toErrorPayload(Object.assign(new Error('x'), { code: 'EIO' }), 'trace').code, 'INTERNAL')
  assert.equal(toErrorPayload('x', 'trace').code, 'INTERNAL')
})
