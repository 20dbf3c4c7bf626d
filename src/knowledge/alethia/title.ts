const TITLE_LENGTH_MAX = 60

/** The first words that were said, short enough for a list, cut between two words where there is a gap to cut at. */
export function titleOf(text: string): string {
  const words = text.trim().replace(/\s+/g, ' ')
  const characters = [...words]
  if (characters.length <= TITLE_LENGTH_MAX) return words
  const cut = characters.slice(0, TITLE_LENGTH_MAX - 1).join('')
  const gap = cut.lastIndexOf(' ')
  return `${gap > TITLE_LENGTH_MAX / 2 ? cut.slice(0, gap) : cut.trimEnd()}…`
}
