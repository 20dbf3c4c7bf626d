import { RunaError } from '#protocol'
import { openPrompt } from '../bus/prompt.ts'
import { runVerb } from '../bus/run-verb.ts'
import { type BusPlace, createSession } from '../bus/session.ts'
import type { ParsedVerb } from '../bus/verb-commands.ts'

/** One verb, to its end. */
export async function runOnce(parsed: ParsedVerb, place: BusPlace): Promise<void> {
  const session = createSession(place)
  const stopping = new AbortController()
  const stop = () => stopping.abort()
  for (const name of ['SIGTERM', 'SIGINT']) process.on(name, stop)
  try {
    await runVerb(parsed, session, { signal: stopping.signal, canReadInput: true })
    if (stopping.signal.aborted) throw new RunaError('CANCELLED', 'Stopped.')
  } finally {
    for (const name of ['SIGTERM', 'SIGINT']) process.off(name, stop)
    session.close()
  }
}

/** Verbs line by line: from a person, or piped in. */
export async function runPrompt(place: BusPlace, json: boolean): Promise<void> {
  const session = createSession(place)
  await openPrompt(session, json).finally(session.close)
}
