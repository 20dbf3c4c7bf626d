import { Command, CommanderError } from 'commander'
import { RunaError } from '#protocol'
import type { BusPlace } from './bus/session.ts'
import { addPlace, addVerbs } from './bus/verb-commands.ts'
import { VERBS } from './bus/verbs.ts'
import { showExample } from './example.ts'

export function addBus(program: Command): void {
  const bus = addPlace(showExample(program.command('bus'), ['bus', 'set', 'greeting', 'hello'])).description(
    "keys, values and messages on Runa's bus, or on one of your own; without a verb, a prompt",
  )
  addVerbs(bus, VERBS, async (parsed) => {
    const { runOnce } = await import('./commands/bus.ts')
    await runOnce(parsed, placeOf(parsed.options))
  })
  // Only here: the verbs have inherited the rule by now.
  bus.allowExcessArguments(true)
  bus.option('--json', 'print JSON, one object a line').action(async () => {
    const [first, second] = bus.args
    if (first === 'help') return showHelp(bus, second)
    if (first !== undefined) throw unknownVerb(first)
    const { runPrompt } = await import('./commands/bus.ts')
    await runPrompt(placeOf(bus.opts()), bus.opts()['json'] === true)
  })
}

/** As `help` at the prompt does, and as `--help`: of one verb, or of all. */
function showHelp(bus: Command, name: string | undefined): void {
  const shown = name === undefined ? bus : bus.commands.find((command) => command.name() === name)
  if (shown === undefined) throw unknownVerb(name ?? '')
  shown.outputHelp()
}

function unknownVerb(word: string): RunaError {
  const known = VERBS.map(({ name }) => name).join(', ')
  const advice = `${suggestion(word)}It can: ${known}. \`runa bus help\` says more.`
  return new RunaError('BAD_INPUT', `'${word}' is nothing that \`runa bus\` can do.`, { advice })
}

/** commander knows what may be meant, but tells only where a command does nothing by itself. */
function suggestion(word: string): string {
  const asking = new Command('bus').exitOverride().configureOutput({ writeErr: () => {} })
  addVerbs(asking, VERBS, async () => {})
  try {
    asking.parse([word], { from: 'user' })
  } catch (error) {
    const [, meant] = /\((Did you mean .*)\)/.exec(error instanceof CommanderError ? error.message : '') ?? []
    if (meant !== undefined) return `${meant} `
  }
  return ''
}

function placeOf(options: Readonly<Record<string, string | boolean | undefined>>): BusPlace {
  const text = (name: string) => (typeof options[name] === 'string' ? options[name] : undefined)
  return { bus: text('bus'), secretFile: text('secretFile') }
}
