import { setTimeout as sleep } from 'node:timers/promises'
import type { CompletionItem } from '#protocol'

/** No screen shows more, and each item costs its way through several processes. */
const PAUSE_MS = 15
/** A model that is so far ahead of its reader waits. */
const WAITING_CHARACTERS_MAX = 65_536

/** Between a model that speaks and whoever listens: text that is not yet fetched grows into one item. */
export interface ItemBuffer {
  /** Resolves at once, unless the reader is far behind. */
  put(item: CompletionItem): Promise<void>
  end(): void
  /** The reader gets what was put before, then this error. */
  fail(error: unknown): void
  read(): AsyncGenerator<CompletionItem, void>
}

export function createItemBuffer(pauseMs = PAUSE_MS, charactersMax = WAITING_CHARACTERS_MAX): ItemBuffer {
  let items: CompletionItem[] = []
  let characters = 0
  let ending: { readonly error?: unknown } | undefined
  let urgent = new AbortController()
  const forReader = createBell()
  const forWriter = createBell()

  function finish(how: { readonly error?: unknown }): void {
    ending ??= how
    urgent.abort()
    forReader.ring()
    forWriter.ring()
  }

  /** Waits for more text to come, unless there is something that should not wait. */
  async function gather(sentAtMs: number): Promise<void> {
    const restMs = sentAtMs + pauseMs - performance.now()
    if (restMs < 1 || urgent.signal.aborted) return
    await sleep(restMs, undefined, { signal: urgent.signal }).catch(() => {})
  }

  function takeAll(): CompletionItem[] {
    const taken = items
    items = []
    characters = 0
    if (!ending) urgent = new AbortController()
    forWriter.ring()
    return taken
  }

  return {
    async put(item) {
      if (ending) return
      const last = items.at(-1)
      if (item.kind === 'text' && last?.kind === 'text') {
        items[items.length - 1] = { ...last, text: last.text + item.text, tokens: last.tokens + item.tokens }
      } else {
        items.push(item)
      }
      if (item.kind === 'text') characters += item.text.length
      else urgent.abort()
      forReader.ring()
      while (characters > charactersMax && !ending) {
        urgent.abort()
        await forWriter.rung()
      }
    },
    end: () => finish({}),
    fail: (error) => finish({ error }),
    async *read() {
      let sentAtMs = Number.NEGATIVE_INFINITY
      for (;;) {
        if (items.length > 0) {
          await gather(sentAtMs)
          yield* takeAll()
          sentAtMs = performance.now()
        } else if (ending) {
          if ('error' in ending) throw ending.error
          return
        } else {
          await forReader.rung()
        }
      }
    },
  }
}

/** Wakes the one who waits for it, if somebody does. */
function createBell() {
  let wake = () => {}
  return {
    ring: () => wake(),
    rung: () =>
      new Promise<void>((resolve) => {
        wake = resolve
      }),
  }
}
