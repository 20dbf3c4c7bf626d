import type { Wiring } from '../seat/wiring.ts'
import { checkOptions, refuseUnless } from '../segment/arguments.ts'
import type { Consumer } from './consumer.ts'
import type { Subscription } from './subscription.ts'

/** Of a message that was taken. */
export interface Origin {
  /** Its number in the topic; runs on from 2^31 − 1 to −2^31. */
  readonly sequence: number
  /** As what it was relayed; 0 where it was published here. */
  readonly relayedAs: number
}

/** A consumer that is asked: nothing of it happens by itself. */
export interface Puller extends Subscription {
  /** Undefined when everything is read. Valid until the next call of anything here, which gives its room back. */
  next(): Uint8Array | undefined
  /**
   * Copies the next message to the beginning of `into` and returns its length; -1 when everything is read. Throws
   * BAD_INPUT where it does not fit, and then it stays the next.
   */
  nextInto(into: Uint8Array): number
  /** Of the message that was taken last. */
  readonly last: Origin
  /** Resolves once there is a message, or the signal has fired: whether there is one. */
  wait(options?: { readonly signal?: AbortSignal }): Promise<boolean>
  /** Blocks this thread until there is a message, for at most so long. Whether there is one. */
  waitSync(options: { readonly timeoutMs: number }): boolean
}

export function createPuller({ pump }: Pick<Wiring, 'pump'>, consumer: Consumer, end: () => void): Puller {
  return {
    next: () => consumer.next(),
    nextInto: (into) => consumer.nextInto(into),
    last: {
      get sequence() {
        return consumer.lastSequence
      },
      get relayedAs() {
        return consumer.lastRelayedAs
      },
    },
    wait({ signal } = {}) {
      return new Promise((resolve) => {
        const finish = () => {
          endSource()
          signal?.removeEventListener('abort', finish)
          resolve(consumer.hasNext())
        }
        const hasWork = () => consumer.hasNext()
        const endSource = pump.add({
          hasWork,
          drain() {
            if (!hasWork()) return false
            finish()
            return true
          },
        })
        signal?.addEventListener('abort', finish, { once: true })
        if (signal?.aborted) finish()
      })
    },
    waitSync(options) {
      checkOptions(options)
      const { timeoutMs } = options
      refuseUnless(timeoutMs >= 0, `A wait lasts 0 ms or more, not ${timeoutMs}.`)
      return consumer.waitSync(timeoutMs)
    },
    get lost() {
      return consumer.lost
    },
    end,
  }
}
