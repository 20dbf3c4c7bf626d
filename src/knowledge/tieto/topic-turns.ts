/** Lets those who change a topic do so one after the other. */
export interface TopicTurns {
  isBusy(topic: string): boolean
  /** Waits until nobody changes this topic any more. Returns what gives the turn to the next. */
  take(topic: string): Promise<() => void>
}

export function createTopicTurns(): TopicTurns {
  const last = new Map<string, Promise<void>>()
  return {
    isBusy: (topic) => last.has(topic),
    async take(topic) {
      const before = last.get(topic)
      let release: () => void = () => {}
      const done = new Promise<void>((resolve) => {
        release = resolve
      })
      last.set(topic, done)
      await before
      return () => {
        if (last.get(topic) === done) last.delete(topic)
        release()
      }
    },
  }
}
