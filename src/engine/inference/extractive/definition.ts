const ASKS = /^(?:what|who)(?: (?:is|are|was|were)|['’]s) (?:an? |the )?(.{1,60})$/i

/**
 * Tells whether a sentence says what the question asks for: `What is a topic?` is answered by `A topic is …`, however
 * many other sentences name topics more often. Undefined where the question asks something else.
 */
export function definitionAsked(question: string): ((sentence: string) => boolean) | undefined {
  // White space is made plain first: an expression that allows for any would try it for hours on a blank page.
  const plain = question.replace(/\s+/g, ' ').trim().replace(/ ?\?$/, '')
  const subject = ASKS.exec(plain)?.[1]
  if (subject === undefined) return undefined
  const words = subject
    .split(' ')
    .map((word) => word.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&'))
    .join('\\s+')
  const defines = new RegExp(
    `^[^\\p{L}\\p{N}]*(?:(?:an?|the)\\s+)?${words}[^\\p{L}\\p{N}]*\\s(?:is|are|was|were|means?|says?|holds?)\\s`,
    'iu',
  )
  return (sentence) => defines.test(sentence)
}
