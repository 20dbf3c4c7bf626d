import { awaitService, call, listen, type Transport } from '#kernel/service'
import {
  type CallOptions,
  type Client,
  type Contract,
  conversationContract,
  gilgulContract,
  inferenceContract,
  tietoContract,
} from '#protocol'

/** The services that threadwell calls. */
export interface Services {
  readonly conversation: Client<typeof conversationContract>
  readonly tieto: Client<typeof tietoContract>
  readonly inference: Client<typeof inferenceContract>
  readonly gilgul: Client<typeof gilgulContract>
}

/**
 * A service that just died is usually back within a second. A call waits so long for one that is not there, so that a
 * person sees a pause and no error; then it rejects with SERVICE_LOST.
 */
export function connectServices(transport: Transport, patienceMs: number): Services {
  return {
    conversation: patientClient(conversationContract, transport, patienceMs),
    tieto: patientClient(tietoContract, transport, patienceMs),
    inference: patientClient(inferenceContract, transport, patienceMs),
    gilgul: patientClient(gilgulContract, transport, patienceMs),
  }
}

type AnyFunction = (input: unknown, options?: CallOptions) => unknown

function patientClient<C extends Contract>(contract: C, transport: Transport, patienceMs: number): Client<C> {
  const client = call(contract, transport, { name: 'threadwell' })
  const arrival = async ({ signal }: CallOptions) => {
    const options = { timeoutMs: patienceMs, ...(signal && { signal }) }
    if (patienceMs > 0) await awaitService(transport, contract.name, options)
  }
  const functions = Object.entries(contract.operations).map(([name, operation]) => {
    const ask = client[name as keyof Client<C>] as AnyFunction
    async function* stream(input: unknown, options: CallOptions = {}) {
      await arrival(options)
      yield* ask(input, options) as AsyncIterable<unknown>
    }
    const unary = async (input: unknown, options: CallOptions = {}) => {
      await arrival(options)
      return await ask(input, options)
    }
    return [name, 'item' in operation ? stream : unary]
  })
  return Object.fromEntries(functions) as Client<C>
}

export interface Hearers {
  /** Services, models or topics changed. */
  readonly state: () => void
  readonly threads: () => void
}

/** Returns a function that ends the listening. */
export function listenToServices(transport: Transport, { state, threads }: Hearers): () => void {
  const ends = [
    listen(conversationContract, transport, { threadChanged: threads }),
    listen(tietoContract, transport, { changed: state }),
    listen(inferenceContract, transport, { modelsChanged: state }),
    listen(gilgulContract, transport, { changed: state }),
  ]
  return () => {
    for (const end of ends) end()
  }
}
