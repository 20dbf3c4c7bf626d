import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { stem } from './porter.ts'

/** The examples that the paper gives for its rules, each carried through all steps. */
const STEMS: Readonly<Record<string, string>> = {
  caresses: 'caress',
  ponies: 'poni',
  ties: 'ti',
  cats: 'cat',
  feed: 'feed',
  agreed: 'agre',
  plastered: 'plaster',
  bled: 'bled',
  motoring: 'motor',
  sing: 'sing',
  conflated: 'conflat',
  troubled: 'troubl',
  sized: 'size',
  hopping: 'hop',
  falling: 'fall',
  hissing: 'hiss',
  failing: 'fail',
  filing: 'file',
  happy: 'happi',
  sky: 'sky',
  relational: 'relat',
  conditional: 'condit',
  rational: 'ration',
  digitizer: 'digit',
  radically: 'radic',
  vietnamization: 'vietnam',
  operator: 'oper',
  feudalism: 'feudal',
  decisiveness: 'decis',
  hopefulness: 'hope',
  sensibility: 'sensibl',
  triplicate: 'triplic',
  formative: 'form',
  electrical: 'electr',
  goodness: 'good',
  revival: 'reviv',
  replacement: 'replac',
  adjustment: 'adjust',
  dependent: 'depend',
  adoption: 'adopt',
  communism: 'commun',
  effective: 'effect',
  probate: 'probat',
  rate: 'rate',
  cease: 'ceas',
  controlling: 'control',
  rolling: 'roll',
  generalizations: 'gener',
  oscillators: 'oscil',
  geology: 'geologi',
  possibly: 'possibl',
}

test('the examples of the paper come out as it says', () => {
  for (const [word, expected] of Object.entries(STEMS)) assert.equal(stem(word), expected, word)
})

test('the forms of a word share a stem', () => {
  const forms = ['connect', 'connected', 'connecting', 'connection', 'connections']
  assert.deepEqual([...new Set(forms.map(stem))], ['connect'])
})

test('words of one or two letters stay as they are', () => {
  for (const word of ['is', 'as', 'y', 'be']) assert.equal(stem(word), word)
})

test('a stem is never empty and never longer than its word', () => {
  const words = fc.string({ unit: fc.constantFrom(...'abceilnorstyzed'), minLength: 1, maxLength: 14 })
  fc.assert(
    fc.property(words, (word) => {
      const stemmed = stem(word)
      assert.ok(stemmed.length > 0 && stemmed.length <= word.length, `${word} → ${stemmed}`)
    }),
  )
})
