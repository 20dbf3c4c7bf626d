import { call, type Emit, listen, type Transport } from '#kernel/service'
import type { CallContext, Contract, EventListeners, Handlers } from '#protocol'

type Forward = (input: unknown, context: CallContext) => unknown

/**
 * Every operation of the contract, handed on to the program. What it answers is checked by the contract before anybody
 * sees it; a call that is given up here is cancelled there, and a stream waits there for those who read it here.
 */
export function forwardCalls<C extends Contract>(contract: C, program: Transport): Handlers<C> {
  const client = call(contract, program, { name: 'bridge' }) as Readonly<Record<string, Forward>>
  const handlers = Object.entries(client).map(([name, forward]): [string, Forward] => [
    name,
    (input, { signal, trace }) => forward(input, { signal, trace }),
  ])
  return Object.fromEntries(handlers) as unknown as Handlers<C>
}

/** The events of the program; what does not fit the contract is dropped. */
export function forwardEvents<C extends Contract>(contract: C, program: Transport, emit: Emit<C>): void {
  const listeners = Object.keys(contract.events).map((name) => [
    name,
    (payload: never) => emit(name, payload),
  ])
  listen(contract, program, Object.fromEntries(listeners) as EventListeners<C>)
}
