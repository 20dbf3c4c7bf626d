import type { Verb } from '../verb.ts'

/** What is known of messages without looking into them. */
export const RECORD_VERBS: readonly Verb[] = [
  {
    name: 'record',
    parameters: '',
    description: 'write down who sends what to whom and when, never what it says, until Ctrl-C; or show it',
    options: [
      ['--strict', 'what cannot be written down is not sent'],
      ['--folder <path>', 'where to; default: `record` in the home of Runa'],
      ['--show', 'show what was written down'],
      ['--from <name>', 'only what this one sent'],
      ['--to <name>', 'only what was sent to this one'],
      ['--type <type>', 'only this type, such as query'],
      ['--operation <name>', 'only this operation, such as search'],
      ['--trace <id>', 'only this trace, or those that begin so'],
    ],
    example: ['record', '--show', '--from', 'conversation'],
    load: async () => (await import('../record-work.ts')).recordOrShow,
  },
]
