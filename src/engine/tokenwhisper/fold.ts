/** How a character stands in normalised text. */
export interface Fold {
  /** Empty where the character is invisible. */
  readonly bytes: Uint8Array
  /** One for each byte: 1 inside a letter, digit, mark or underscore, which is what words are made of. */
  readonly words: Uint8Array
  readonly isSpace: boolean
}

/** Stands for what is no character at all. It occurs in no UTF-8, and so in no pattern. */
export const BROKEN_BYTE = 0xff

const SPACE = 0x20
const CACHED_MAX = 4_096

/**
 * Letters of other scripts that pass for Latin ones, in the order of the string beneath. Russian and Greek words are
 * changed by this too, but patterns are folded alike, so they still find what they are meant to find.
 */
const LOOK_ALIKES = 'авеѕіјкмнорстухԁһԛԝүɡαικνορτυχ'
const LATIN = 'abesijkmhopctyxdhqwygaikvoptux'
const TYPOGRAPHY: Readonly<Record<string, string>> = {
  '\u2018': "'",
  '\u2019': "'",
  '\u201b': "'",
  '\u02bc': "'",
  '\u2032': "'",
  '\u00b4': "'",
  '\u201c': '"',
  '\u201d': '"',
  '\u2010': '-',
  '\u2011': '-',
  '\u2012': '-',
  '\u2013': '-',
  '\u2014': '-',
  '\u2212': '-',
}

const lookAlikes = new Map([...LOOK_ALIKES].map((letter, index) => [letter, LATIN[index] ?? letter]))
const encoder = new TextEncoder()
const cache = new Map<number, Fold>()

/**
 * Normalises one code point, whatever stands around it, so that the result does not depend on where a text is cut:
 * compatibility forms are taken apart (Unicode NFKD), accents and invisible characters dropped, quotes and dashes made
 * plain, look-alikes made Latin, letters beyond ASCII made small. ASCII keeps its case, since keys depend on it.
 */
export function foldCodePoint(codePoint: number): Fold {
  const known = cache.get(codePoint)
  if (known) return known
  const fold = computeFold(String.fromCodePoint(codePoint))
  if (cache.size >= CACHED_MAX) cache.clear()
  cache.set(codePoint, fold)
  return fold
}

function computeFold(character: string): Fold {
  if (/^[\s\u0085]$/u.test(character) && character !== '\ufeff') {
    return { bytes: Uint8Array.of(SPACE), words: Uint8Array.of(0), isSpace: true }
  }
  const bytes: number[] = []
  const words: number[] = []
  for (const part of character.normalize('NFKD')) {
    if (/[\u0300-\u036f]|\p{Default_Ignorable_Code_Point}/u.test(part)) continue
    const plain = foldPart(part)
    const isWord = /[\p{L}\p{N}\p{M}_]/u.test(plain) ? 1 : 0
    for (const byte of encoder.encode(plain)) {
      bytes.push(byte)
      words.push(isWord)
    }
  }
  return { bytes: Uint8Array.from(bytes), words: Uint8Array.from(words), isSpace: false }
}

function foldPart(part: string): string {
  if (part <= '\u007f') return part
  const small = part.toLowerCase()
  const twin = lookAlikes.get(small)
  if (twin !== undefined) return small === part ? twin : twin.toUpperCase()
  return TYPOGRAPHY[part] ?? (/^\s$/u.test(part) ? ' ' : small)
}
