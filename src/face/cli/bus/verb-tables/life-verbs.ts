import type { Verb } from '../verb.ts'
import { VALUE_OPTIONS, WORDS_OPTION } from './options.ts'

const load = () => import('../life-work.ts')

/** What keys are, how long they stay, and what becomes of them. */
export const LIFE_VERBS: readonly Verb[] = [
  {
    name: 'type',
    parameters: '<key> [type]',
    description: 'show what a value is, or say so: bytes, text, json, image, audio or vector',
    example: ['type', 'settings', 'json'],
    names: 'key',
    load: async () => (await load()).showType,
  },
  {
    name: 'label',
    parameters: '<key>',
    description: 'show the labels of a key, 0 to 63, or change them; `list --labels` finds keys by them',
    options: [
      ['--add <numbers>', 'such as 3,17'],
      ['--remove <numbers>', 'such as 3'],
    ],
    example: ['label', 'settings', '--add', '3,17'],
    names: 'key',
    load: async () => (await load()).labelKey,
  },
  {
    name: 'orders',
    parameters: '<key> [value]',
    description: 'list a key and those numbered under it, in order; with --add, number another',
    options: [['--add', 'make the next one, with this value'], ...VALUE_OPTIONS, WORDS_OPTION],
    example: ['orders', 'steps', 'wash the dishes', '--add'],
    names: 'key',
    takesValue: true,
    load: async () => (await load()).orderedKeys,
  },
  {
    name: 'expire',
    parameters: '<key> <time>',
    description: 'let a key be gone after a time, such as 30s, 5m, 2h or 7d; `never` lets it stay',
    example: ['expire', 'settings', '2h'],
    names: 'key',
    load: async () => (await load()).expireKey,
  },
  {
    name: 'decay',
    parameters: '<key> <half-life>',
    description: 'let a key fade unless it is used, by half in that time; `never` lets it stay',
    options: [['--threshold <strength>', 'below it, from 0 to 1, it is evicted; default: 0.1']],
    example: ['decay', 'settings', '7d', '--threshold', '0.05'],
    names: 'key',
    load: async () => (await load()).decayKey,
  },
  {
    name: 'touch',
    parameters: '<keys...>',
    description: 'use keys without reading them, so that they fade later',
    example: ['touch', 'settings'],
    names: 'key',
    load: async () => (await load()).touchKeys,
  },
  {
    name: 'watch',
    parameters: '[key]',
    description: 'tell what becomes of a key, or of many, until Ctrl-C',
    options: [
      ['--prefix <text>', 'of all keys that begin so'],
      ['--label <number>', 'of all keys that have this label'],
      ['-n, --count <count>', 'end after so many changes'],
    ],
    example: ['watch', '--prefix', 'settings.'],
    names: 'key',
    load: async () => (await load()).watchKeys,
  },
  {
    name: 'sweep',
    parameters: '',
    description: 'let go of keys that are past their time or have faded, and announce them',
    example: ['sweep'],
    load: async () => (await load()).sweepStore,
  },
]
