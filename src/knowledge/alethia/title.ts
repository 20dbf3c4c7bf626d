const TITLE_LENGTH_MAX = 60

/** The first words that were said, short enough for a list. */
export function titleOf(text: string): string {
  const words = text.trim().replace(/\s+/g, ' ')
  const characters = [...words]
  return characters.length <= TITLE_LENGTH_MAX
    ? words
    : `${characters.slice(0, TITLE_LENGTH_MAX - 1).join('')}…`
}
