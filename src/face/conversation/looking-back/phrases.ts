const QUOTED_CHARACTERS_MAX = 160

/** One line, and not all of a long text. */
export function quote(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim()
  const characters = [...line]
  return characters.length <= QUOTED_CHARACTERS_MAX
    ? `“${line}”`
    : `“${characters.slice(0, QUOTED_CHARACTERS_MAX).join('')} …”`
}

/** `2026-01-31`, in UTC. */
export function dateOf(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 10)
}

export function countOf(count: number, one: string): string {
  return count === 1 ? `one ${one}` : `${count} ${one}s`
}
