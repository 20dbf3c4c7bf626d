import type { Verb } from '../verb.ts'
import { OPEN_OPTION, VALUE_OPTIONS, WORDS_OPTION } from './options.ts'

const load = () => import('../topic-work.ts')

/** Messages. */
export const TOPIC_VERBS: readonly Verb[] = [
  {
    name: 'publish',
    parameters: '<topic> [message]',
    description: 'publish a message on a topic, which is made where it does not exist',
    options: [
      ...VALUE_OPTIONS,
      ['--expires <time>', 'who reads it later than that passes it over, such as 500ms or 30s'],
      ['--lossless', 'a topic that is made waits for the slowest of those who read it'],
      WORDS_OPTION,
    ],
    example: ['publish', 'progress', 'half of it'],
    names: 'topic',
    takesValue: true,
    load: async () => (await load()).publishMessage,
  },
  {
    name: 'tap',
    parameters: '[topic]',
    description: 'show what is published on a topic, or sent to everybody, until Ctrl-C; nobody waits for it',
    options: [
      ['--containing <text>', 'only messages in which this text stands'],
      ['--where <path=value>', 'only JSON messages in which this is so, such as type=event or size.width=3'],
      ['-n, --count <count>', 'end after so many'],
      ['--all', 'take part: from what is still there on, and a lossless topic waits for it'],
      OPEN_OPTION,
    ],
    example: ['tap', 'progress', '--containing', 'half', '-n', '1'],
    names: 'topic',
    load: async () => (await load()).tap,
  },
]
