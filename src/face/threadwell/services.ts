import { call, listen, type Transport } from '#kernel/service'
import {
  type Client,
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

export function connectServices(transport: Transport): Services {
  const options = { name: 'threadwell' }
  return {
    conversation: call(conversationContract, transport, options),
    tieto: call(tietoContract, transport, options),
    inference: call(inferenceContract, transport, options),
    gilgul: call(gilgulContract, transport, options),
  }
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
