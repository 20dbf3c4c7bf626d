import type { Verb } from '../verb.ts'
import { OPEN_OPTION, REPLACE_OPTION, WORDS_OPTION } from './options.ts'

const load = () => import('../keeping-work.ts')

/** How what a bus holds gets out of it, and in again. */
export const KEEPING_VERBS: readonly Verb[] = [
  {
    name: 'export',
    parameters: '[file]',
    description: 'write all keys as JSON, one a line, in clear; `snapshot` keeps what is sealed sealed',
    options: [['--prefix <text>', 'only keys that begin so'], REPLACE_OPTION, OPEN_OPTION],
    example: ['export', './keys.jsonl'],
    load: async () => (await load()).exportKeys,
  },
  {
    name: 'import',
    parameters: '[file]',
    description: 'take in what was exported, from a file or the input; a wrong line changes nothing',
    options: [
      [
        '--existing <what>',
        'what is done about keys that are there: refuse, keep or replace; default: refuse',
      ],
      WORDS_OPTION,
    ],
    example: ['import', './keys.jsonl', '--existing', 'keep'],
    load: async () => (await load()).importKeys,
  },
  {
    name: 'snapshot',
    parameters: '<file>',
    description: 'keep all keys in a file, with a digest; what is hashed or sealed stays so',
    options: [REPLACE_OPTION],
    example: ['snapshot', './bus.snapshot'],
    load: async () => (await load()).takeSnapshot,
  },
  {
    name: 'restore',
    parameters: '<file>',
    description: 'put the keys of a snapshot back; a damaged one changes nothing',
    example: ['restore', './bus.snapshot'],
    load: async () => (await load()).restoreSnapshot,
  },
  {
    name: 'flush',
    parameters: '',
    description: 'let what was set so far outlive a loss of power, on a bus that was made to last',
    example: ['flush'],
    load: async () => (await load()).flushBus,
  },
]
