import { type Command, CommanderError, InvalidArgumentError } from 'commander'
import { RunaError } from '#protocol'
import { showExample } from '../example.ts'
import type { Verb } from './verb.ts'

/** What commander made of a verb's arguments. */
export interface ParsedVerb {
  readonly verb: Verb
  readonly words: readonly string[]
  readonly options: Readonly<Record<string, string | boolean | undefined>>
}

/** Teaches `parent` every verb of the table. `isPrompt`: they are typed at the prompt, which knows its bus already. */
export function addVerbs(
  parent: Command,
  verbs: readonly Verb[],
  run: (parsed: ParsedVerb) => Promise<void>,
  isPrompt = false,
): void {
  for (const verb of verbs) {
    const command = parent.command(`${verb.name} ${verb.parameters}`.trim()).description(verb.description)
    for (const [flags, description] of verb.options ?? []) command.option(flags, description)
    if (!isPrompt) addPlace(showExample(command, ['bus', ...verb.example]))
    command.option('--json', 'print JSON, one object a line')
    command.exitOverride((error) => {
      throw withUsage(error, verb)
    })
    command.action(async () => {
      const words = command.processedArgs.flat().filter((word): word is string => word !== undefined)
      await run({ verb, words, options: command.optsWithGlobals() })
    })
  }
}

export function addPlace(command: Command): Command {
  return command
    .option('--bus <path>', "the file of a bus; without it, Runa's own", asPath)
    .option('--secret-file <path>', 'the secret of a bus that seals everything or hides its keys', asPath)
}

/** As an unset variable in a script leaves it: Runa's own bus is not meant then. */
function asPath(text: string): string {
  if (text === '') throw new InvalidArgumentError('A path was expected.')
  return text
}

/** Help is no error; anything else says what was expected. */
function withUsage(error: CommanderError, verb: Verb): Error {
  if (error.exitCode === 0) return error
  const options = verb.options?.map(([flags]) => `[${flags}]`) ?? []
  const expected = [verb.name, verb.parameters, ...options].filter((part) => part !== '').join(' ')
  const what = error.message.replace(/^error: /, '').replaceAll(/\s*\n\s*/g, ' ')
  return new RunaError('BAD_INPUT', `${capitalised(what)}. Expected: ${expected}`, { cause: error })
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1).replace(/\.$/, '')
}

export function isHelp(error: unknown): boolean {
  return error instanceof CommanderError && error.exitCode === 0
}
