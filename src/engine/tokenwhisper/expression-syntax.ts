import { RunaError } from '#protocol'
import { foldCodePoint } from './fold.ts'

/** What was written, before it becomes an automaton. Each byte of the text is matched by one `byte`. */
export type Syntax =
  | { readonly kind: 'byte'; readonly set: Uint8Array }
  | { readonly kind: 'sequence'; readonly parts: readonly Syntax[] }
  | { readonly kind: 'choice'; readonly parts: readonly Syntax[] }
  | { readonly kind: 'repeat'; readonly part: Syntax; readonly min: number; readonly max: number }

const DEPTH_MAX = 32
const REPEAT_MAX = 4_096
const SPACE = ' '
const CLASSES: Readonly<Record<string, RegExp>> = { d: /\d/, w: /\w/, s: / / }
const CONTROLS: Readonly<Record<string, string>> = { n: SPACE, r: SPACE, t: SPACE, f: SPACE, v: SPACE }

/**
 * The dialect is a part of JavaScript's, over normalised text: characters, `.`, classes, `\d \w \s` and their opposites,
 * groups, `|`, `? * + {n} {n,} {n,m}`. White space of any kind and length is one space there. No anchors (say `word`),
 * no lazy quantifiers (a match is always the longest), no look-around, no back-references. Letters beyond ASCII may
 * stand outside classes. Throws POLICY_INVALID, which names the place.
 */
export function parseExpression(source: string, ignoreCase: boolean): Syntax {
  return new Parser([...source], ignoreCase).parseAll()
}

class Parser {
  private at = 0
  private readonly characters: readonly string[]
  private readonly ignoreCase: boolean

  constructor(characters: readonly string[], ignoreCase: boolean) {
    this.characters = characters
    this.ignoreCase = ignoreCase
  }

  parseAll(): Syntax {
    const whole = this.parseChoice(0)
    if (this.at < this.characters.length) throw this.fault("')' closes nothing")
    return whole
  }

  private parseChoice(depth: number): Syntax {
    if (depth > DEPTH_MAX) throw this.fault(`groups are nested deeper than ${DEPTH_MAX}`)
    const parts = [this.parseSequence(depth)]
    while (this.take('|')) parts.push(this.parseSequence(depth))
    return parts.length === 1 && parts[0] ? parts[0] : { kind: 'choice', parts }
  }

  private parseSequence(depth: number): Syntax {
    const parts: Syntax[] = []
    while (this.at < this.characters.length && !this.sees('|') && !this.sees(')')) {
      parts.push(this.parseRepeat(this.parseAtom(depth)))
    }
    return { kind: 'sequence', parts }
  }

  private parseAtom(depth: number): Syntax {
    if (this.take('(')) {
      if (this.take('?') && !this.take(':')) throw this.fault('only (?: ) and plain groups are supported')
      const inner = this.parseChoice(depth + 1)
      if (!this.take(')')) throw this.fault("a ')' is missing")
      return inner
    }
    if (this.take('[')) return this.parseClass()
    if (this.take('.')) return { kind: 'byte', set: setOf(() => true) }
    const character = this.next()
    if ('^$*+?{}]'.includes(character))
      throw this.fault(`'${character}' must be escaped here, or has no meaning`)
    if (character !== '\\') return this.literal(character)
    const escaped = this.parseEscape()
    return typeof escaped === 'string' ? this.literal(escaped) : { kind: 'byte', set: escaped }
  }

  private parseRepeat(part: Syntax): Syntax {
    const range = this.parseQuantifier()
    if (range === undefined) return part
    if (this.sees('?') || this.sees('*') || this.sees('+') || this.sees('{')) {
      throw this.fault('one quantifier may not follow another')
    }
    return { kind: 'repeat', part, ...range }
  }

  private parseQuantifier(): { min: number; max: number } | undefined {
    if (this.take('?')) return { min: 0, max: 1 }
    if (this.take('*')) return { min: 0, max: Number.POSITIVE_INFINITY }
    if (this.take('+')) return { min: 1, max: Number.POSITIVE_INFINITY }
    if (!this.take('{')) return undefined
    const min = this.parseCount()
    const max = this.take(',') ? (this.sees('}') ? Number.POSITIVE_INFINITY : this.parseCount()) : min
    if (!this.take('}')) throw this.fault("a '}' is missing")
    if (max < min) throw this.fault('a range runs backwards')
    return { min, max }
  }

  private parseCount(): number {
    let digits = ''
    while (/^[0-9]$/.test(this.characters[this.at] ?? '')) digits += this.next()
    const count = Number(digits)
    if (digits === '' || count > REPEAT_MAX) throw this.fault(`a count up to ${REPEAT_MAX} is needed here`)
    return count
  }

  private parseClass(): Syntax {
    const negated = this.take('^')
    const set = new Uint8Array(256)
    while (!this.take(']')) {
      const low = this.parseClassItem()
      if (typeof low !== 'string') {
        low.forEach((flag, byte) => {
          if (flag === 1) set[byte] = 1
        })
        continue
      }
      const isRange = this.sees('-') && this.characters[this.at + 1] !== ']'
      if (isRange) this.at += 1
      const high = isRange ? this.parseClassItem() : low
      if (typeof high !== 'string' || high < low) throw this.fault('a range in a class runs backwards')
      for (let byte = low.charCodeAt(0); byte <= high.charCodeAt(0); byte += 1) this.addByte(set, byte)
    }
    return { kind: 'byte', set: negated ? set.map((flag) => 1 - flag) : set }
  }

  private parseClassItem(): string | Uint8Array {
    const character = this.next()
    const item = character === '\\' ? this.parseEscape() : character
    if (typeof item === 'string' && item > '\u007f') throw this.fault('a class holds ASCII only')
    return item === '\n' || item === '\t' ? SPACE : item
  }

  private parseEscape(): string | Uint8Array {
    const character = this.next()
    const named = CLASSES[character.toLowerCase()]
    if (named) {
      const wanted = character === character.toLowerCase()
      return setOf((byte) => named.test(String.fromCharCode(byte)) === wanted)
    }
    const control = CONTROLS[character]
    if (control !== undefined) return control
    if (/^[A-Za-z0-9]$/.test(character)) throw this.fault(`'\\${character}' is not supported`)
    return character
  }

  private literal(character: string): Syntax {
    const parts = [...foldCodePoint(character.codePointAt(0) ?? 0).bytes].map((byte): Syntax => {
      const set = new Uint8Array(256)
      this.addByte(set, byte)
      return { kind: 'byte', set }
    })
    return parts.length === 1 && parts[0] ? parts[0] : { kind: 'sequence', parts }
  }

  private addByte(set: Uint8Array, byte: number): void {
    set[byte] = 1
    const isLetter = (byte >= 65 && byte <= 90) || (byte >= 97 && byte <= 122)
    if (this.ignoreCase && isLetter) set[byte ^ 0x20] = 1
  }

  private sees(character: string): boolean {
    return this.characters[this.at] === character
  }

  private take(character: string): boolean {
    const seen = this.sees(character)
    if (seen) this.at += 1
    return seen
  }

  private next(): string {
    const character = this.characters[this.at]
    if (character === undefined) throw this.fault('the expression ends too early')
    this.at += 1
    return character
  }

  private fault(message: string): RunaError {
    return new RunaError('POLICY_INVALID', `${message} (character ${this.at} of the expression)`)
  }
}

function setOf(belongs: (byte: number) => boolean): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, byte) => (belongs(byte) ? 1 : 0))
}
