const ASKS = /^\s*(?:what|who)(?:\s+(?:is|are|was|were)|['’]s)\s+(?:an?\s+|the\s+)?(.{1,60}?)\s*\??\s*$/i

/**
 * Tells whether a sentence says what the question asks for: `What is a topic?` is answered by `A topic is …`, however
 * many other sentences name topics more often. Undefined where the question asks something else.
 */
export function definitionAsked(question: string): ((sentence: string) => boolean) | undefined {
  const subject = ASKS.exec(question)?.[1]
  if (subject === undefined) return undefined
  const words = subject
    .split(/\s+/)
    .map((word) => word.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&'))
    .join('\\s+')
  const defines = new RegExp(
    `^[^\\p{L}\\p{N}]*(?:(?:an?|the)\\s+)?${words}[^\\p{L}\\p{N}]*\\s(?:is|are|was|were|means?|says?|holds?)\\s`,
    'iu',
  )
  return (sentence) => defines.test(sentence)
}
