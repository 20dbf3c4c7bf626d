import type { FarMessage, FarSide } from './far-side.ts'
import type { NearSide } from './near-side.ts'

/** Machines whose last message is remembered. */
const ORIGINS_MAX = 1_024

export interface Inward {
  readonly near: NearSide
  readonly far: FarSide
  /** Of this machine: what it sent itself comes back to it, and is passed over. */
  readonly name: string
  readonly signal: AbortSignal
  readonly onReceived: () => void
  readonly onPassedOver: () => void
  readonly onFault: (fault: unknown) => void
}

/**
 * Publishes here what others send, in order, each once: where the far side keeps messages, by their place there, and
 * where a Runa sent them, by their ids. Resolves when the far side listens no more.
 */
export async function carryIn(inward: Inward): Promise<void> {
  const { near, far, name, signal, onReceived, onPassedOver, onFault } = inward
  const isRepeated = createRepeats(far.keeper === undefined ? undefined : near.lastPlace(far.keeper))
  await far.receive(async (message) => {
    if (message.origin === name || isRepeated(message)) return onPassedOver()
    await publish(message)
  })

  async function publish({ bytes, place }: FarMessage): Promise<void> {
    for (;;) {
      try {
        const taken =
          far.keeper === undefined || place === undefined ? undefined : { keeper: far.keeper, place }
        await near.publish(bytes, taken, signal)
        onFault(undefined)
        return onReceived()
      } catch (error) {
        // A lossless topic whose consumers do not keep up: the next try waits for room again.
        if (signal.aborted || (error as { code?: string }).code !== 'BUS_BACKPRESSURE') throw error
        onFault(error)
      }
    }
  }
}

/** Of each origin, the ids of one life count up: what is not after the last one has come before. */
function createRepeats(lastPlace: number | undefined): (message: FarMessage) => boolean {
  const lastIds = new Map<string, { life: string; sequence: number }>()
  let reached = lastPlace ?? 0
  return ({ origin, id, place }) => {
    if (place !== undefined) {
      // What is kept was freed of repeats when it was stored; a batch that was sent again may have changed its order.
      const isKnown = place <= reached
      reached = Math.max(reached, place)
      return isKnown
    }
    const parts = id === undefined ? null : /^(.+)\/(-?\d+)$/.exec(id)
    if (!parts) return false
    const [, life = '', digits] = parts
    const sequence = Number(digits)
    const last = lastIds.get(origin)
    if (last?.life === life && ((sequence - last.sequence) | 0) <= 0) return true
    if (lastIds.size >= ORIGINS_MAX) lastIds.clear()
    lastIds.set(origin, { life, sequence })
    return false
  }
}
