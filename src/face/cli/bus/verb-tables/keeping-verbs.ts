import type { Verb } from '../verb.ts'
import { WORDS_OPTION } from './options.ts'

const load = () => import('../keeping-work.ts')

/** How what a bus holds gets out of it, and in again. */
export const KEEPING_VERBS: readonly Verb[] = [
  {
    name: 'export',
    parameters: '[file]',
    description: 'write all keys as JSON, one a line, in clear',
    options: [['--prefix <text>', 'only keys that begin so'], WORDS_OPTION],
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
]
