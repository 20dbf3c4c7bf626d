import type { VerbOption } from '../verb.ts'

export const VALUE_OPTIONS: readonly VerbOption[] = [
  ['-f, --file <path>', 'the value is what this file holds; `-` is the input'],
  ['--base64', 'the value that was typed is base64'],
]

export const REPLACE_OPTION: VerbOption = ['--replace', 'a file that is there gives way to the new one']

export const WORDS_OPTION: VerbOption = [
  '--words <contract>',
  'the value is words of this contract, and sealed where the bus seals words',
]

export const OPEN_OPTION: VerbOption = [
  '--words <contract>',
  'open what is sealed as words of this contract, where you may',
]
