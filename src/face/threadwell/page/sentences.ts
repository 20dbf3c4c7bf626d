/**
 * How much of a growing text may be shown: up to the end of its last whole sentence, line or list item. What follows
 * waits, so that an answer grows by sentences and does not flicker by letters. Nothing waits longer than `waitMax`
 * characters, since some texts have no full stops.
 */
export function shownLength(text: string, waitMax = 400): number {
  const fenceOpen = (text.match(/^```/gm)?.length ?? 0) % 2 === 1
  const pattern = fenceOpen ? /\n/g : /[.!?…:]["')\]”’]*(?=\s)|\n/g
  let end = 0
  for (const match of text.matchAll(pattern)) end = match.index + match[0].length
  if (text.length - end <= waitMax) return end
  const space = text.lastIndexOf(' ')
  return space > end ? space : text.length
}

export function countSentences(text: string): number {
  return text.match(/[.!?…]["')\]”’]*(?=\s|$)/g)?.length ?? 0
}
