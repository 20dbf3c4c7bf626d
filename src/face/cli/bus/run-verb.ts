import { RunaError } from '#protocol'
import { wordedForPlace } from './place-words.ts'
import type { BusSession } from './session.ts'
import type { VerbCall } from './verb.ts'
import type { ParsedVerb } from './verb-commands.ts'

/** Does what was asked for. Rejects as the verb does, and with CANCELLED where it was stopped. */
export async function runVerb(
  { verb, words, options }: ParsedVerb,
  session: BusSession,
  { signal, canReadInput }: Pick<VerbCall, 'signal' | 'canReadInput'>,
): Promise<void> {
  const work = await verb.load()
  const call: VerbCall = {
    words,
    word(index) {
      const word = words[index]
      if (word === undefined) throw new RunaError('BAD_INPUT', `Expected: ${verb.name} ${verb.parameters}`)
      return word
    },
    option(name) {
      const value = options[name]
      return typeof value === 'string' ? value : undefined
    },
    has: (flag) => options[flag] === true,
    json: options['json'] === true,
    seat: session.seat,
    place: session.place,
    signal,
    canReadInput,
  }
  try {
    await work(call)
  } catch (error) {
    throw wordedForPlace(error, session.place, !canReadInput)
  }
}
