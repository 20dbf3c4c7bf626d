import { openPrompt } from '../bus/prompt.ts'
import { runVerb } from '../bus/run-verb.ts'
import { type BusPlace, createSession } from '../bus/session.ts'
import type { ParsedVerb } from '../bus/verb-commands.ts'
import { withStopping } from '../stopping.ts'

/** One verb, to its end. */
export async function runOnce(parsed: ParsedVerb, place: BusPlace): Promise<void> {
  const session = createSession(place)
  const run = (signal: AbortSignal) => runVerb(parsed, session, { signal, canReadInput: true })
  await withStopping(run).finally(session.close)
}

/** Verbs line by line: from a person, or piped in. */
export async function runPrompt(place: BusPlace, json: boolean): Promise<void> {
  const session = createSession(place)
  await openPrompt(session, json).finally(session.close)
}
