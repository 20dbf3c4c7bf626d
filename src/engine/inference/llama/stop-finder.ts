/** Finds the first of several texts in a stream, and holds back what may become one of them. */
export interface StopFinder {
  /** What may be said; nothing follows once `found`. */
  push(text: string): { readonly text: string; readonly found: boolean }
  /** What was still held back. */
  end(): string
}

export function createStopFinder(stops: readonly string[]): StopFinder {
  const longest = Math.max(0, ...stops.map((stop) => stop.length))
  let held = ''
  return {
    push(text) {
      held += text
      const found = stops.map((stop) => held.indexOf(stop)).filter((index) => index >= 0)
      if (found.length > 0) {
        const said = held.slice(0, Math.min(...found))
        held = ''
        return { text: said, found: true }
      }
      const said = held.slice(0, held.length - openLength(held, stops, longest))
      held = held.slice(said.length)
      return { text: said, found: false }
    },
    end() {
      const said = held
      held = ''
      return said
    },
  }
}

/** The length of the longest end of `text` with which a stop begins. */
function openLength(text: string, stops: readonly string[], longest: number): number {
  for (let length = Math.min(longest - 1, text.length); length > 0; length -= 1) {
    const end = text.slice(-length)
    if (stops.some((stop) => stop.startsWith(end))) return length
  }
  return 0
}
