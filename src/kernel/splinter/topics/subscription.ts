import type { Consumer, StartFrom } from './consumer.ts'
import type { LossCounter } from './losses.ts'

/** How a message came. */
export interface Delivery {
  /** Another member of the group had taken it, and died: it may have been worked on. */
  readonly redelivered: boolean
}

/** Of a message that nobody has had before. */
export const FIRST_DELIVERY: Delivery = { redelivered: false }

/**
 * Of no group: the bytes are valid only during the call, since the memory is used again for the next message. Of a group:
 * they are the listener's own, and the message counts as finished when it returns, or when its promise is settled.
 */
export type MessageListener = (message: Uint8Array, delivery: Delivery) => unknown

export interface SubscribeOptions {
  /** Default: what is published from now on. `oldest`: what is still there as well. A group begins so only once. */
  readonly from?: StartFrom
  /** Each message goes to one living member of the group of that name, and to another should that one die. */
  readonly group?: string
  /** How many messages of a group are with this member at a time: 1 to 5. Default: 1. */
  readonly concurrency?: number
}

export interface Subscription {
  /** Messages that were written over before they could be read, so far. Always 0 for a lossless topic. */
  readonly lost: number
  end(): void
}

/** The cursors of this member in a ring. */
export interface Seats {
  join(from: StartFrom, kinds?: number): Consumer
  leave(consumer: Consumer): void
  /** Counts what a consumer has lost since the last time. */
  readonly countLosses: LossCounter
}
