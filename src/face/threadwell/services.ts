import { awaitService, call, listen, onEachArrival, type Transport } from '#kernel/service'
import {
  alethiaContract,
  type CallOptions,
  type Client,
  type Contract,
  conversationContract,
  gilgulContract,
  inferenceContract,
  natsContract,
  snarfContract,
  tietoContract,
} from '#protocol'

/** The services that threadwell calls. */
export interface Services {
  readonly conversation: Client<typeof conversationContract>
  readonly tieto: Client<typeof tietoContract>
  readonly inference: Client<typeof inferenceContract>
  readonly gilgul: Client<typeof gilgulContract>
  readonly alethia: Client<typeof alethiaContract>
  readonly snarf: Client<typeof snarfContract>
  /** Lives only where the owner carries topics beyond this machine. */
  readonly nats: Client<typeof natsContract>
}

/** The way to each service: alethia is met on a bus of its own. */
export type TransportTo = (service: string) => Transport

/**
 * A service that just died is usually back within a second. A call waits so long for one that is not there, so that a
 * person sees a pause and no error; then it rejects with SERVICE_LOST.
 */
export function connectServices(transportTo: TransportTo, patienceMs: number): Services {
  const connect = <C extends Contract>(contract: C) =>
    patientClient(contract, transportTo(contract.name), patienceMs)
  return {
    conversation: connect(conversationContract),
    tieto: connect(tietoContract),
    inference: connect(inferenceContract),
    gilgul: connect(gilgulContract),
    alethia: connect(alethiaContract),
    snarf: connect(snarfContract),
    // Nobody waits for what most people do not have.
    nats: patientClient(natsContract, transportTo(natsContract.name), 0),
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
  /** Something was said in a thread. Without its id: something was forgotten, wherever it was said. */
  readonly threads: (thread?: string) => void
  /** The memory let go of these turns. */
  readonly forgotten: (turns: readonly string[]) => void
  /** The memory can be asked, for the first time or again: what it announced before may have been missed. */
  readonly memoryCame: () => Promise<void>
  /** How the person likes to be spoken to. */
  readonly manner: () => void
}

/** Returns a function that ends the listening. */
export function listenToServices(transportTo: TransportTo, hearers: Hearers): () => void {
  const { state, threads, manner, forgotten, memoryCame } = hearers
  const stopping = new AbortController()
  const memory = transportTo('alethia')
  void onEachArrival(memory, 'alethia', memoryCame, stopping.signal)
  const ends = [
    () => stopping.abort(),
    listen(conversationContract, transportTo('conversation'), { threadChanged: ({ id }) => threads(id) }),
    listen(tietoContract, transportTo('tieto'), { changed: state }),
    listen(inferenceContract, transportTo('inference'), { modelsChanged: state }),
    listen(gilgulContract, transportTo('gilgul'), { changed: state }),
    listen(alethiaContract, memory, { forgotten: ({ turns }) => forgotten(turns) }),
    listen(snarfContract, transportTo('snarf'), { changed: manner }),
  ]
  return () => {
    for (const end of ends) end()
  }
}
