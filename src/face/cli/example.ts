import type { Command } from 'commander'
import { quoteArgument, RUNA_COMMAND } from '#kernel/home'

/** `words` are what follows `runa`, each one argument. */
export function example(command: Command, ...words: readonly string[]): Command {
  return showExample(command, words).option('--json', 'print one JSON object', false)
}

/** For a command that only holds others. */
export function showExample(command: Command, words: readonly string[]): Command {
  const typed = [RUNA_COMMAND, ...words.map(quoteArgument)].join(' ')
  return command.addHelpText('after', `\nExample:\n  ${typed}`)
}
