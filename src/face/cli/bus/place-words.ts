import { quoteArgument } from '#kernel/home'
import { RunaError } from '#protocol'
import type { BusPlace } from './session.ts'

const NAMED_VERB = /`(?:npx )?runa bus ([^`]+)`/g

/** The same error, with every command in its words as it has to be typed for this bus, or at the prompt, which knows it. */
export function wordedForPlace(error: unknown, place: BusPlace, isPrompt = false): unknown {
  if (!(error instanceof RunaError)) return error
  const reword = (text: string) =>
    text.replaceAll(NAMED_VERB, (_, verb: string) =>
      isPrompt ? `\`${verb}\`` : `\`runa bus ${verb}${optionsOf(place)}\``,
    )
  const message = reword(error.message)
  const advice = reword(error.advice)
  if (message === error.message && advice === error.advice) return error
  return new RunaError(error.code, message, { cause: error, advice })
}

function optionsOf({ bus, secretFile }: BusPlace): string {
  const named = bus === undefined ? '' : ` --bus ${quoteArgument(bus)}`
  return secretFile === undefined ? named : `${named} --secret-file ${quoteArgument(secretFile)}`
}
