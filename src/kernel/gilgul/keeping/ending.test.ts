import assert from 'node:assert/strict'
import { test } from 'node:test'
import { diagnose } from '../diagnosis/diagnose.ts'
import { death } from '../diagnosis/fixture.ts'
import { endingOf } from './ending.ts'

const PLACES = { configPath: '/home/runa.yaml', program: '/runa/main.js' }

function endingAfter(changes: Parameters<typeof death>[0]) {
  const evidence = death(changes)
  return endingOf({ ...diagnose(evidence), words: evidence.words, evidence }, PLACES)
}

test('what has to change is the settings, or the file that is named', () => {
  const faulty = endingAfter({ said: ['x cannot start: A port is a number. [CONFIG_INVALID]', 'Look.'] })
  assert.deepEqual([faulty.cause, faulty.paths], ['bad-configuration', ['/home/runa.yaml']])
  const lost = endingAfter({ said: ["Error: ENOENT: no such file or directory, open '/data/words'"] })
  assert.deepEqual([lost.cause, lost.paths], ['file-missing', ['/data/words']])
  const refused = Object.assign(new Error('spawn x EACCES'), { code: 'EACCES' })
  const forbidden = endingAfter({ exit: { code: null, signal: null, error: refused } })
  assert.deepEqual([forbidden.cause, forbidden.paths], ['permission', ['/runa/main.js']])
})

test('what no file can mend waits for none', () => {
  assert.deepEqual(endingAfter({ exit: { code: null, signal: 'SIGILL' } }).paths, [])
})
