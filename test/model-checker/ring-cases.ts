import { bytesOf, call } from './history.ts'
import type { RingScript } from './ring-scenarios.ts'

const write = (letter: string) => call('write', bytesOf(letter, 8))
const next = call('next')
const nextInto = call('nextInto')

export const LOSSY_LAP: RingScript = {
  name: 'write over what is being read, lossy',
  lossless: false,
  before: [write('a'), write('b')],
  together: [[write('c')], [nextInto]],
  after: [],
}

export const RING_CASES: readonly RingScript[] = [
  {
    name: 'write beside next, lossless',
    lossless: true,
    together: [
      [write('a'), write('b')],
      [next, next],
    ],
    after: [nextInto, nextInto, nextInto],
  },
  {
    name: 'two that write, lossless',
    lossless: true,
    together: [[write('a')], [write('b')]],
    after: [nextInto, nextInto, nextInto],
  },
  {
    name: 'a full lossless ring beside one who reads',
    lossless: true,
    before: [write('a'), write('b')],
    together: [[write('c')], [nextInto, nextInto]],
    after: [write('z')],
  },
  LOSSY_LAP,
  {
    name: 'two that write over what is being read, lossy',
    lossless: false,
    before: [write('a'), write('b')],
    together: [[write('c')], [write('d')], [nextInto]],
    after: [],
  },
]
