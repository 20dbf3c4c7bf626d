import type { Command } from 'commander'
import { example, showExample } from './example.ts'

export function addGilgul(program: Command): void {
  const load = () => import('./commands/gilgul.ts')
  const gilgul = showExample(program.command('gilgul'), ['gilgul', 'check']).description(
    'services of your own: check what is written about them, and have it take effect',
  )
  example(gilgul.command('check'), 'gilgul', 'check')
    .description(
      'say what is wrong with runa.yaml and services/*.yaml, and where; ends with 2 where something is',
    )
    .argument('[files...]', 'look at these instead, wherever they lie')
    .action(async (files, options) => (await load()).checkSpecs(files, options))
  example(gilgul.command('apply'), 'gilgul', 'apply')
    .description('take up what is written now; what it does not touch goes on running')
    .action(async (options) => (await load()).applySpecs(options))
}
