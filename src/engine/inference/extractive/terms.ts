const STOP_WORDS = new Set(
  `a about after all also am an and any are as at be been before being but by can could did do does doing for from get
  give had has have having he her here hers him his how i if in into is it its just kind like long many may me might
  more most much my no not of on one or our out please shall she should show so some such tell than that the their them
  then there these they this those to type up us was we were what when where which who whom whose why will with would
  you your`.split(/\s+/),
)

/** The words of a text that mean something, in their stems. */
export function contentTerms(text: string): Set<string> {
  const words =
    text
      .toLowerCase()
      .normalize('NFD')
      .replace(/\p{M}/gu, '')
      .match(/[\p{L}\p{N}]+/gu) ?? []
  return new Set(words.filter((word) => !STOP_WORDS.has(word)).map(stem))
}

/** Takes off the commonest English endings, so that `models`, `adding` and `added` meet `model` and `add`. */
function stem(word: string): string {
  if (word.length <= 3 || /\d/.test(word)) return word
  const singular = word
    .replace(/(ss|x|ch|sh)es$/, '$1')
    .replace(/ies$/, 'y')
    .replace(/([^su])s$/, '$1')
  const root = singular.replace(/(?<=[aeiouy].{0,12}.)(?:ing|ed|ly)$/, '')
  const undoubled = root === singular ? root : root.replace(/([bdgmnprt])\1$/, '$1')
  return undoubled.length > 3 ? undoubled.replace(/e$/, '') : undoubled
}

/** How rare each term is among the texts: the inverse document frequency of BM25. */
export function rarities(
  terms: ReadonlySet<string>,
  texts: readonly ReadonlySet<string>[],
): Map<string, number> {
  return new Map(
    [...terms].map((term) => {
      const count = texts.reduce((sum, text) => sum + (text.has(term) ? 1 : 0), 0)
      return [term, Math.log(1 + (texts.length - count + 0.5) / (count + 0.5))]
    }),
  )
}
