import { Argument, type Command } from 'commander'
import { addPlace } from './bus/verb-commands.ts'
import { OPEN_OPTION } from './bus/verb-tables/options.ts'
import { example } from './example.ts'
import { PAGES, type Page, type ScopeOptions } from './scope/options.ts'

export function addScope(program: Command): void {
  const command = example(program.command('scope'), 'scope', 'trace')
    .description('look at the bus while it works: who does how much, who is slow or silent, who calls whom')
    .addArgument(new Argument('[page]', 'what to begin with').choices(PAGES).default('bus'))
    .option('--once', 'the page of the bus, once, as text', false)
    .option(
      '--plain',
      'line after line, for a screen reader or a file; so it is wherever there is no terminal',
      false,
    )
    .option(
      '--prometheus',
      'the figures in the text format of Prometheus, once; the page of Runa has them at /metrics',
      false,
    )
    .option('--topic <topic>', 'show what is published on this topic; `*`: what is sent to everybody')
    .option(...OPEN_OPTION)
    .option('--containing <text>', 'of the topic, only messages in which this text stands')
    .option('--where <path=value>', 'of the topic, only JSON messages in which this is so')
    .option('--from <name>', 'only what this one sends')
    .option('--to <name>', 'only what is sent to this one')
    .option('--type <type>', 'only this type, such as query')
    .option('--operation <name>', 'only this operation, such as search')
    .option('--trace <id>', 'only this trace, or those that begin so')
  addPlace(command).action(async (page: Page, options: ScopeOptions) =>
    (await import('./commands/scope.ts')).scope(page, options),
  )
}
