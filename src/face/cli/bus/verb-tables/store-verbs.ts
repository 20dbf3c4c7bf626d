import type { Verb } from '../verb.ts'
import { OPEN_OPTION, REPLACE_OPTION, VALUE_OPTIONS, WORDS_OPTION } from './options.ts'

const load = () => import('../store-work.ts')

/** Keys and values. */
export const STORE_VERBS: readonly Verb[] = [
  {
    name: 'get',
    parameters: '<key>',
    description: 'write the value of a key to the output, byte for byte; a whole number in digits',
    options: [['-f, --file <path>', 'write it to this file instead'], REPLACE_OPTION, OPEN_OPTION],
    example: ['get', 'settings'],
    names: 'key',
    load: async () => (await load()).getValue,
  },
  {
    name: 'set',
    parameters: '<key> [value]',
    description: 'set the value of a key; without a value, the input is taken',
    options: [
      ...VALUE_OPTIONS,
      WORDS_OPTION,
      ['--type <type>', 'what it is: bytes, text, json, image, audio or vector'],
      ['--lasts <time>', 'the key is gone after it, such as 30s, 5m, 2h or 7d'],
      [
        '--if-version <version>',
        'only if the key still has it, as `head` shows it; 0: if there is no such key',
      ],
    ],
    example: ['set', 'settings', '{"loud":false}', '--type', 'json'],
    names: 'key',
    takesValue: true,
    load: async () => (await load()).setValue,
  },
  {
    name: 'append',
    parameters: '<key> [value]',
    description: 'add to the end of a value; without one, the input is taken',
    options: VALUE_OPTIONS,
    example: ['append', 'notes', 'and more'],
    names: 'key',
    takesValue: true,
    load: async () => (await load()).appendValue,
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
    options: [
      ['-l, --long', 'with type, size, labels and lifetime'],
      ['--labels <numbers>', 'only with these labels, such as 3,17'],
      ['--any', 'of the labels, one is enough'],
    ],
    example: ['list', 'settings.', '--long'],
    names: 'key',
    load: async () => (await load()).listKeys,
  },
  {
    name: 'head',
    parameters: '<keys...>',
    description: 'show what is known of keys beside their values',
    example: ['head', 'settings'],
    names: 'key',
    load: async () => (await load()).showHeads,
  },
  {
    name: 'math',
    parameters: '<key> [operation] [number]',
    description: 'show a whole number of 64 bits, or change it: add, and, or, xor with a number, or not',
    example: ['math', 'visits', 'add', '1'],
    names: 'key',
    load: async () => (await load()).calculate,
  },
]
