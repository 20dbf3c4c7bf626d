import type { Verb } from '../verb.ts'
import { VALUE_OPTIONS, WORDS_OPTION } from './options.ts'

const load = () => import('../store-work.ts')

/** Keys and values. */
export const STORE_VERBS: readonly Verb[] = [
  {
    name: 'get',
    parameters: '<key>',
    description: 'write the value of a key to the output, byte for byte',
    options: [['-f, --file <path>', 'write it to this file instead'], WORDS_OPTION],
    example: ['get', 'settings'],
    names: 'key',
    load: async () => (await load()).getValue,
  },
  {
    name: 'set',
    parameters: '<key> [value]',
    description: 'set the value of a key; without a value, the input is taken',
    options: [...VALUE_OPTIONS, WORDS_OPTION],
    example: ['set', 'settings', '{"loud":false}'],
    names: 'key',
    takesValue: true,
    load: async () => (await load()).setValue,
  },
  {
    name: 'delete',
    parameters: '<keys...>',
    description: 'delete keys and what they hold',
    example: ['delete', 'settings'],
    names: 'key',
    load: async () => (await load()).deleteKeys,
  },
  {
    name: 'list',
    parameters: '[prefix]',
    description: 'list the keys that begin so; all without a prefix',
    example: ['list', 'settings.'],
    names: 'key',
    load: async () => (await load()).listKeys,
  },
]
