/** Cards that wait a moment, since what they need was not there. */
export interface Resting {
  has(card: string): boolean
  /** `then` is called after so long, and the card rests no more. */
  add(card: string, restMs: number, then: () => void): void
  /** Nobody is woken any more. */
  stop(): void
}

export function createResting(): Resting {
  const timers = new Map<string, NodeJS.Timeout>()
  return {
    has: (card) => timers.has(card),
    add(card, restMs, then) {
      clearTimeout(timers.get(card))
      const wake = () => {
        timers.delete(card)
        then()
      }
      timers.set(card, setTimeout(wake, restMs).unref())
    },
    stop() {
      for (const timer of timers.values()) clearTimeout(timer)
    },
  }
}
