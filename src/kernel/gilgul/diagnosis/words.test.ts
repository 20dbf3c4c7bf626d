import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readWords } from './words.ts'

test('a service that cannot start is quoted, with its code and its advice', () => {
  const { sentence, code, advice } = readWords([
    '{"time":"t"}',
    'tieto cannot start: The table is damaged. [EMBEDDING_INVALID]',
    'Install it again.',
  ])
  assert.deepEqual(
    [sentence, code, advice],
    ['The table is damaged.', 'EMBEDDING_INVALID', 'Install it again.'],
  )
})

test('an uncaught error is quoted without its stack', () => {
  const lines = `file:///runa/main.js:3
    throw new TypeError('no such thing')
          ^

TypeError: no such thing
    at file:///runa/main.js:3:9
    at ModuleJob.run (node:internal/modules/esm/module_job:343:25) {
  code: 'ERR_X'
}

Node.js v20.20.2`.split('\n')
  const { line, code, hint } = readWords(lines)
  assert.deepEqual([line, code, hint], ['TypeError: no such thing', undefined, 'thrown'])
})

test('a code that is none of Runa is only a text', () => {
  const { code, line } = readWords(['x cannot start: Because. [toString]', 'y cannot start: B [NO_SUCH]'])
  assert.equal(code, undefined)
  assert.match(line ?? '', /NO_SUCH/)
})

test('files and ports are found in the words of several languages', () => {
  const named = (line: string) => {
    const { path, port } = readWords([line])
    return [path, port]
  }
  assert.deepEqual(named("Error: ENOENT: no such file or directory, open '/a b/c'"), ['/a b/c', undefined])
  assert.deepEqual(named('cat: /etc/nothing: No such file or directory'), ['/etc/nothing', undefined])
  assert.deepEqual(named('Error: listen EADDRINUSE: address already in use :::8080'), [undefined, 8080])
  assert.deepEqual(named('bind 127.0.0.1:99999: address already in use'), [undefined, undefined])
  assert.deepEqual(named('python3 listens on port 7862 of 127.0.0.1.'), [undefined, 7862])
})
