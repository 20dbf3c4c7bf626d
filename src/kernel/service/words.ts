import {
  type Contract,
  type Envelope,
  isEventSensitive,
  isOperationSensitive,
  type Operation,
} from '#protocol'
import type { Transport } from './transport.ts'

/**
 * What a message has to say of its words on this way: the contract that they belong to, where it may hold some and the
 * way seals by that. Undefined where it need say nothing.
 */
function wordsOn({ seals }: Transport, { name }: Contract, mayHoldSome: boolean): string | undefined {
  return seals === 'words' && mayHoldSome ? name : undefined
}

export function wordsOfCall(
  transport: Transport,
  contract: Contract,
  operation: Operation,
): string | undefined {
  return wordsOn(transport, contract, isOperationSensitive(operation))
}

export function wordsOfEvent(transport: Transport, contract: Contract, event: string): string | undefined {
  return wordsOn(transport, contract, isEventSensitive(contract, event))
}

/** What comes in clear though it should be sealed was sent by somebody without the key: it is not to be heard. */
export function isDeclared({ words }: Envelope, expected: string | undefined): boolean {
  return expected === undefined || words === expected
}
