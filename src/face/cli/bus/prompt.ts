import { createInterface, type Interface } from 'node:readline'
import { Command, CommanderError } from 'commander'
import { RunaError } from '#protocol'
import { reportError } from '../output.ts'
import { createCompleter } from './completion.ts'
import { createHistory } from './history.ts'
import { runVerb } from './run-verb.ts'
import type { BusSession } from './session.ts'
import { addVerbs, isHelp, type ParsedVerb } from './verb-commands.ts'
import { VERBS } from './verbs.ts'
import { createLineGathering, splitWords } from './words.ts'

const PROMPT = 'bus> '
/** While a quote is open. */
const GOES_ON = '...> '
const GREETING = 'Type a verb, such as `list`; `help` shows them all, Ctrl-D ends.\n'

/**
 * Reads verbs line by line; a quote that is open takes in the next line as well. From a terminal, with history and
 * completion, until Ctrl-D; a mistake is told, and it goes on. Piped in, without either: the first line that fails ends it,
 * and says which it was.
 */
export async function openPrompt(session: BusSession, json: boolean): Promise<void> {
  const isTerminal = process.stdin.isTTY === true && process.stdout.isTTY === true
  const history = isTerminal ? createHistory() : undefined
  const lines = createInterface({
    input: process.stdin,
    ...(isTerminal ? { output: process.stdout, prompt: PROMPT, completer: createCompleter(session) } : {}),
    ...(history ? { history: history.lines(), historySize: history.linesMax } : {}),
    terminal: isTerminal,
    crlfDelay: Number.POSITIVE_INFINITY,
  })
  if (isTerminal) process.stdout.write(GREETING)
  const gathering = createLineGathering()
  const interruption = createInterruption(lines, isTerminal, () => {
    gathering.drop()
    lines.setPrompt(PROMPT)
  })
  try {
    lines.prompt()
    let number = 0
    const run = async (line: string) => {
      const isOver = await runLine(line, session, json, interruption, (error) => {
        const known = asRunaError(error)
        if (!isTerminal) throw new RunaError(known.code, `Line ${number}: ${known.message}`, { cause: known })
        // Who stopped it knows that.
        if (known.code === 'CANCELLED' && !json) process.stderr.write(`${known.message}\n`)
        else reportError(known, json)
      })
      if (isTerminal) await history?.add(line, session)
      return isOver
    }
    for await (const typed of lines) {
      number += 1
      const line = gathering.take(typed)
      if (line !== undefined && (await run(line))) return
      lines.setPrompt(gathering.isOpen ? GOES_ON : PROMPT)
      lines.prompt()
    }
    const unfinished = gathering.drop()
    if (unfinished !== undefined) await run(unfinished)
  } finally {
    interruption.end()
    lines.close()
  }
}

/** Whether that was the last line that is wanted. */
async function runLine(
  line: string,
  session: BusSession,
  json: boolean,
  interruption: Interruption,
  onError: (error: unknown) => void,
): Promise<boolean> {
  try {
    const words = splitWords(line)
    if (words.length === 0) return false
    if (words.length === 1 && ['exit', 'quit'].includes(words[0] ?? '')) return true
    const run = async (parsed: ParsedVerb) => {
      const options = json ? { ...parsed.options, json } : parsed.options
      await interruption.during((signal) =>
        runVerb({ ...parsed, options }, session, { signal, canReadInput: false }),
      )
    }
    await createParser(run).parseAsync(words, { from: 'user' })
  } catch (error) {
    if (!isHelp(error)) onError(error)
  }
  return false
}

/** Made anew for each line: commander remembers what it has parsed. */
function createParser(run: (parsed: ParsedVerb) => Promise<void>): Command {
  const parser = new Command('bus>').usage('VERB ...').helpOption(false)
  parser.exitOverride().configureOutput({ writeErr: () => {} })
  parser.addHelpText(
    'after',
    '\n`help VERB` shows one; Ctrl-C stops it; `exit` or Ctrl-D ends. An open quote takes in the next line.\n' +
      'Lines are remembered, but for those that begin with a space, and for values where the bus seals anything.',
  )
  addVerbs(parser, VERBS, run, true)
  return parser
}

/** What commander finds wrong, such as an unknown verb, is said as every error is. */
function asRunaError(error: unknown): RunaError {
  if (error instanceof RunaError) return error
  if (!(error instanceof CommanderError)) return new RunaError('INTERNAL', String(error), { cause: error })
  const sentence = error.message.replace(/^error: /, '').replaceAll(/\s*\n\s*/g, ' ')
  return new RunaError('BAD_INPUT', `${sentence.charAt(0).toUpperCase()}${sentence.slice(1)}.`, {
    cause: error,
  })
}

interface Interruption {
  during(work: (signal: AbortSignal) => Promise<void>): Promise<void>
  end(): void
}

/** Ctrl-C ends the verb that runs. Where none does, it clears the line on a terminal, and ends what is piped in. */
function createInterruption(lines: Interface, isTerminal: boolean, drop: () => void): Interruption {
  let running: AbortController | undefined

  function interrupt(): void {
    if (running) running.abort()
    else if (isTerminal) {
      lines.write(null, { ctrl: true, name: 'e' })
      lines.write(null, { ctrl: true, name: 'u' })
      drop()
      process.stdout.write('\n')
      lines.prompt()
    } else lines.close()
  }

  lines.on('SIGINT', interrupt)
  for (const name of ['SIGTERM', 'SIGINT']) process.on(name, interrupt)
  return {
    async during(work) {
      running = new AbortController()
      const { signal } = running
      await work(signal).finally(() => {
        running = undefined
      })
      if (signal.aborted && !isTerminal) throw new RunaError('CANCELLED', 'Stopped.')
    },
    end() {
      for (const name of ['SIGTERM', 'SIGINT']) process.off(name, interrupt)
    },
  }
}
