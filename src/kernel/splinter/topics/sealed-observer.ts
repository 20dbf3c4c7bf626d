import type { Wiring } from '../seat/wiring.ts'
import { observeTopic } from './observer.ts'
import type { MessageListener, Subscription } from './subscription.ts'
import type { TopicOptions } from './topic.ts'

/** As `observeTopic`. What is sealed and does not open is heard as it lies in memory. */
export function observeSealed(
  wiring: Wiring,
  name: string,
  { words }: Pick<TopicOptions, 'words'>,
  listener: MessageListener,
): Subscription {
  const seal = wiring.protection.sealFor(words)
  const place = Buffer.from(`topic ${name}`)

  function open(message: Uint8Array): Uint8Array {
    try {
      return seal?.open(message, place) ?? message
    } catch {
      return message
    }
  }

  return observeTopic(wiring, name, (message, delivery) => listener(open(message), delivery))
}
