/**
 * The stemmer of M. F. Porter, "An algorithm for suffix stripping", Program 14(3), 1980, with the two changes that its
 * author made later (`bli` and `logi` in step 2). Takes and gives lower-case English letters.
 */
export function stem(word: string): string {
  if (word.length < 3) return word
  let stemmed = stripPlural(word)
  stemmed = stripPast(stemmed)
  if (stemmed.endsWith('y') && hasVowel(stemmed.slice(0, -1))) stemmed = `${stemmed.slice(0, -1)}i`
  stemmed = replaceSuffix(stemmed, STEP_2, 1)
  stemmed = replaceSuffix(stemmed, STEP_3, 1)
  stemmed = replaceSuffix(stemmed, STEP_4, 2)
  return stripFinalLetters(stemmed)
}

type Rule = readonly [suffix: string, replacement: string]

// Within a step the longest suffix that fits decides alone, so a suffix stands before those that it ends in.
const STEP_2: readonly Rule[] = [
  ['ational', 'ate'],
  ['tional', 'tion'],
  ['enci', 'ence'],
  ['anci', 'ance'],
  ['izer', 'ize'],
  ['bli', 'ble'],
  ['alli', 'al'],
  ['entli', 'ent'],
  ['eli', 'e'],
  ['ousli', 'ous'],
  ['ization', 'ize'],
  ['ation', 'ate'],
  ['ator', 'ate'],
  ['alism', 'al'],
  ['iveness', 'ive'],
  ['fulness', 'ful'],
  ['ousness', 'ous'],
  ['aliti', 'al'],
  ['iviti', 'ive'],
  ['biliti', 'ble'],
  ['logi', 'log'],
]
const STEP_3: readonly Rule[] = [
  ['icate', 'ic'],
  ['ative', ''],
  ['alize', 'al'],
  ['iciti', 'ic'],
  ['ical', 'ic'],
  ['ful', ''],
  ['ness', ''],
]
const STEP_4_SUFFIXES =
  'al ance ence er ic able ible ant ement ment ent sion tion ou ism ate iti ous ive ize'.split(' ')
const STEP_4: readonly Rule[] = STEP_4_SUFFIXES.map((suffix) => {
  // `ion` goes only after s or t, and the letter stays.
  const kept = suffix.endsWith('ion') ? suffix.slice(0, 1) : ''
  return [suffix, kept]
})

function isVowel(word: string, index: number): boolean {
  const letter = word.charAt(index)
  if (letter === 'y') return index > 0 && !isVowel(word, index - 1)
  return 'aeiou'.includes(letter)
}

function hasVowel(word: string): boolean {
  for (let index = 0; index < word.length; index += 1) if (isVowel(word, index)) return true
  return false
}

/** How many runs of vowels are followed by a consonant: m in [C](VC)^m[V]. */
function measure(word: string): number {
  let count = 0
  let afterVowel = false
  for (let index = 0; index < word.length; index += 1) {
    const vowel = isVowel(word, index)
    if (afterVowel && !vowel) count += 1
    afterVowel = vowel
  }
  return count
}

function endsInDoubleConsonant(word: string): boolean {
  const last = word.length - 1
  return last > 0 && word[last] === word[last - 1] && !isVowel(word, last)
}

/** Consonant, vowel, consonant, and the last one is not w, x or y: the ending that wants an e, as in `hop(e)`. */
function endsShort(word: string): boolean {
  const last = word.length - 1
  if (last < 2 || 'wxy'.includes(word.charAt(last))) return false
  return !isVowel(word, last) && isVowel(word, last - 1) && !isVowel(word, last - 2)
}

function stripPlural(word: string): string {
  if (word.endsWith('sses') || word.endsWith('ies')) return word.slice(0, -2)
  return word.endsWith('s') && !word.endsWith('ss') ? word.slice(0, -1) : word
}

function stripPast(word: string): string {
  if (word.endsWith('eed')) return measure(word.slice(0, -3)) > 0 ? word.slice(0, -1) : word
  const suffix = ['ed', 'ing'].find((ending) => word.endsWith(ending))
  if (suffix === undefined) return word
  const rest = word.slice(0, -suffix.length)
  if (!hasVowel(rest)) return word
  if (/(at|bl|iz)$/.test(rest)) return `${rest}e`
  if (endsInDoubleConsonant(rest) && !/[lsz]$/.test(rest)) return rest.slice(0, -1)
  return measure(rest) === 1 && endsShort(rest) ? `${rest}e` : rest
}

function replaceSuffix(word: string, rules: readonly Rule[], measureMin: number): string {
  const rule = rules.find(([suffix]) => word.endsWith(suffix))
  if (rule === undefined) return word
  const [suffix, replacement] = rule
  const rest = word.slice(0, -suffix.length)
  // In step 4 the kept s or t belongs to what is measured; elsewhere the replacement does not.
  const measured = suffix.endsWith('ion') && replacement.length === 1 ? rest + replacement : rest
  return measure(measured) >= measureMin ? rest + replacement : word
}

function stripFinalLetters(word: string): string {
  let stripped = word
  if (stripped.endsWith('e')) {
    const rest = stripped.slice(0, -1)
    const syllables = measure(rest)
    if (syllables > 1 || (syllables === 1 && !endsShort(rest))) stripped = rest
  }
  return stripped.endsWith('ll') && measure(stripped) > 1 ? stripped.slice(0, -1) : stripped
}
