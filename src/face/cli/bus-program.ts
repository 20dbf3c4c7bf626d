import type { Command } from 'commander'
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
  return new RunaError('BAD_INPUT', `'${word}' is nothing that \`runa bus\` can do. It can: ${known}.`)
}

function placeOf(options: Readonly<Record<string, string | boolean | undefined>>): BusPlace {
  const text = (name: string) => (typeof options[name] === 'string' ? options[name] : undefined)
  return { bus: text('bus'), secretFile: text('secretFile') }
}
