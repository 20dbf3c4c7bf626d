import { bytesOf, call } from './history.ts'
import type { StoreScript } from './store-scenarios.ts'

const [a, b, c, z] = [bytesOf('a'), bytesOf('b'), bytesOf('c'), bytesOf('z')]
/** What a survivor finds of a key, and that it can go on. */
const goOn = (key: string) => [call('get', key), call('set', key, z), call('get', key)]

/** The second set writes over the side that is being read. */
export const OVERWRITE: StoreScript = {
  name: 'two sets beside one get',
  before: [call('set', 'k', a)],
  together: [[call('set', 'k', b), call('set', 'k', c)], [call('get', 'k')]],
  after: goOn('k'),
}

export const STORE_CASES: readonly StoreScript[] = [
  {
    name: 'set beside get beside set',
    before: [call('set', 'k', a)],
    together: [[call('set', 'k', b)], [call('get', 'k')], [call('set', 'k', c)]],
    after: goOn('k'),
  },
  OVERWRITE,
  {
    name: 'append beside get',
    before: [call('set', 'k', bytesOf('a', 56))],
    together: [
      [call('append', 'k', bytesOf('b', 8)), call('append', 'k', bytesOf('c', 8))],
      [call('get', 'k')],
    ],
    after: [call('get', 'k'), call('append', 'k', bytesOf('d', 8)), call('get', 'k')],
  },
  {
    name: 'two that append',
    before: [call('set', 'k', bytesOf('a', 8))],
    together: [[call('append', 'k', bytesOf('b', 8))], [call('append', 'k', bytesOf('c', 8))]],
    after: [call('get', 'k')],
  },
  {
    name: 'the same key inserted by two',
    before: [call('set', 'x', a), call('delete', 'x')],
    together: [[call('set', 'k', a)], [call('set', 'k', b)]],
    after: goOn('k'),
  },
  {
    name: 'two keys inserted at once',
    before: [call('set', 'x', a), call('delete', 'x')],
    together: [
      [call('set', 'k', a), call('get', 'l')],
      [call('set', 'l', b), call('get', 'k')],
    ],
    after: [call('list'), ...goOn('k'), ...goOn('l')],
  },
  {
    name: 'a key deleted, read, and another put in its place',
    before: [call('set', 'k', a)],
    together: [[call('delete', 'k'), call('set', 'l', b)], [call('get', 'k')], [call('get', 'l')]],
    after: [call('list'), ...goOn('k'), ...goOn('l')],
  },
  {
    name: 'a key deleted beside a set of it',
    before: [call('set', 'k', a)],
    together: [[call('delete', 'k')], [call('set', 'k', b)]],
    after: goOn('k'),
  },
  {
    name: 'two that count',
    before: [call('add', 'n', 1n)],
    together: [[call('add', 'n', 2n)], [call('add', 'n', 4n)], [call('load', 'n')]],
    after: [call('load', 'n'), call('add', 'n', 8n)],
  },
  {
    name: 'two that begin to count',
    before: [call('set', 'x', a), call('delete', 'x')],
    together: [[call('add', 'n', 2n)], [call('add', 'n', 4n)]],
    after: [call('load', 'n'), call('add', 'n', 8n)],
  },
]
