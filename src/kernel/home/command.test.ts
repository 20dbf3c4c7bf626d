import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { test } from 'node:test'
import fc from 'fast-check'
import { quoteArgument, RUNA_COMMAND, typeable } from './command.ts'

test('advice names the command that can be typed here', () => {
  assert.equal(RUNA_COMMAND, 'npx runa')
  assert.equal(typeable('List them: `runa topics`.'), 'List them: `npx runa topics`.')
  assert.equal(typeable('Type `npx runa up`, not runa.'), 'Type `npx runa up`, not runa.')
  assert.equal(typeable('Open `runa.yaml`, then type `runa`.'), 'Open `runa.yaml`, then type `npx runa`.')
})

test('a shell reads a quoted argument as it was', () => {
  const printable = fc.string({ unit: fc.constantFrom(...'ab \'"$`\\!*;&|<>(){}[]~#?\n\té') })
  const words = fc.sample(printable, 100)
  const command = `printf '%s\\0' ${words.map(quoteArgument).join(' ')}`
  const read = execFileSync('sh', ['-c', command], { encoding: 'utf8' }).split('\0')
  assert.deepEqual(read.slice(0, -1), words)
})
