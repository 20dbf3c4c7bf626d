import { BROKEN_BYTE, foldCodePoint } from './fold.ts'
import { sequenceAt } from './utf8.ts'

/**
 * So many characters in a row may be passed over (invisible ones, or further white space), then one of them counts.
 * Without this limit, a text of nothing but invisible characters would be held back for ever.
 */
export const PASSED_OVER_MAX = 64

const CAPACITY_FIRST = 256
const SPACE = 0x20

/** 0 not ASCII, 1 space, 2 symbol, 3 letter, digit or underscore. */
const ASCII_KINDS = Uint8Array.from({ length: 256 }, (_, byte) => {
  if (byte >= 0x80) return 0
  if (byte === SPACE || (byte >= 9 && byte <= 13)) return 1
  return /\w/.test(String.fromCharCode(byte)) ? 3 : 2
})

/**
 * The held end of a text: its bytes as they came, and the same text normalised to units of one byte, each of which
 * knows the place that it came from. Units are numbered from the beginning of the text; those below `firstUnit` and
 * the bytes below `firstByte` are gone.
 */
export class FoldedText {
  firstUnit = 0
  unitCount = 0
  /** Bytes up to here are whole characters and have become units. */
  decodedBytes = 0
  private firstByte = 0
  private raw: Buffer = Buffer.alloc(CAPACITY_FIRST)
  private rawCount = 0
  private units = new Uint8Array(CAPACITY_FIRST)
  private words = new Uint8Array(CAPACITY_FIRST)
  private starts = new Float64Array(CAPACITY_FIRST)
  private ends = new Float64Array(CAPACITY_FIRST)
  private used = 0
  private wordBefore = 0
  private passedOver = 0
  private afterSpace = false

  /** `isLast`: whatever is left of a torn character counts as broken. */
  append(bytes: Uint8Array, isLast: boolean): void {
    this.appendRaw(bytes)
    const end = this.rawCount
    let at = this.decodedBytes - this.firstByte
    while (at < end) {
      const byte = this.raw[at] as number
      const kind = ASCII_KINDS[byte] as number
      const start = this.firstByte + at
      if (kind >= 2) {
        this.addUnit(byte, kind === 3 ? 1 : 0, start, start + 1)
        this.passedOver = 0
        this.afterSpace = false
        at += 1
        continue
      }
      if (kind === 1) {
        this.addSpace(start, start + 1)
        at += 1
        continue
      }
      const { codePoint, length, isTorn } = sequenceAt(this.raw, at, end)
      if (isTorn && !isLast) break
      this.addCodePoint(codePoint, start, start + length)
      at += length
    }
    this.decodedBytes = this.firstByte + at
  }

  private addCodePoint(codePoint: number | undefined, start: number, end: number): void {
    if (codePoint === undefined) {
      this.addVisible(BROKEN_BYTE, 0, start, end)
      return
    }
    const fold = foldCodePoint(codePoint)
    if (fold.isSpace) this.addSpace(start, end)
    else if (fold.bytes.length === 0) this.passOver(BROKEN_BYTE, start, end)
    else {
      for (const [index, byte] of fold.bytes.entries()) {
        this.addVisible(byte, fold.words[index] ?? 0, start, end)
      }
    }
  }

  private addVisible(byte: number, word: number, start: number, end: number): void {
    this.addUnit(byte, word, start, end)
    this.passedOver = 0
    this.afterSpace = false
  }

  private addSpace(start: number, end: number): void {
    if (this.afterSpace) {
      this.passOver(SPACE, start, end)
      return
    }
    this.addVisible(SPACE, 0, start, end)
    this.afterSpace = true
  }

  private passOver(byteAtLimit: number, start: number, end: number): void {
    this.passedOver += 1
    if (this.passedOver <= PASSED_OVER_MAX) return
    this.passedOver = 0
    this.addUnit(byteAtLimit, 0, start, end)
  }

  private addUnit(byte: number, word: number, start: number, end: number): void {
    if (this.used === this.units.length) this.growUnits()
    const at = this.used
    this.units[at] = byte
    this.words[at] = word
    this.starts[at] = start
    this.ends[at] = end
    this.used = at + 1
    this.unitCount += 1
  }

  unitAt(unit: number): number {
    return this.units[unit - this.firstUnit] as number
  }

  /** Whether the unit belongs to a word; the one just below `firstUnit` is still known. */
  isWordAt(unit: number): boolean {
    return (unit < this.firstUnit ? this.wordBefore : (this.words[unit - this.firstUnit] as number)) === 1
  }

  /** Where in the text, in bytes, a unit begins; for the unit that is still to come, where the known text ends. */
  startOf(unit: number): number {
    return unit === this.unitCount ? this.decodedBytes : (this.starts[unit - this.firstUnit] as number)
  }

  endOf(unit: number): number {
    return this.ends[unit - this.firstUnit] as number
  }

  textBetween(startByte: number, endByte: number): string {
    return this.raw.toString('utf8', startByte - this.firstByte, endByte - this.firstByte)
  }

  /** Nothing below `unit` and `byte` will be asked for again. Moves what is left only once that pays. */
  forget(unit: number, byte: number): void {
    const gone = unit - this.firstUnit
    const left = this.used - gone
    if (gone > 0 && (left === 0 || gone > this.units.length / 2)) {
      this.wordBefore = this.words[gone - 1] as number
      if (left > 0) this.moveUnits(gone)
      this.used = left
      this.firstUnit = unit
    }
    const goneBytes = byte - this.firstByte
    const leftBytes = this.rawCount - goneBytes
    if (leftBytes === 0 || goneBytes > this.raw.length / 2) {
      if (leftBytes > 0) this.raw.copyWithin(0, goneBytes, this.rawCount)
      this.rawCount = leftBytes
      this.firstByte = byte
    }
  }

  private moveUnits(gone: number): void {
    this.units.copyWithin(0, gone, this.used)
    this.words.copyWithin(0, gone, this.used)
    this.starts.copyWithin(0, gone, this.used)
    this.ends.copyWithin(0, gone, this.used)
  }

  private appendRaw(bytes: Uint8Array): void {
    if (this.rawCount + bytes.length > this.raw.length) {
      const larger = Buffer.alloc(Math.max(2 * this.raw.length, this.rawCount + bytes.length))
      this.raw.copy(larger, 0, 0, this.rawCount)
      this.raw = larger
    }
    this.raw.set(bytes, this.rawCount)
    this.rawCount += bytes.length
  }

  private growUnits(): void {
    const capacity = 2 * this.units.length
    this.units = copyInto(new Uint8Array(capacity), this.units)
    this.words = copyInto(new Uint8Array(capacity), this.words)
    this.starts = copyInto(new Float64Array(capacity), this.starts)
    this.ends = copyInto(new Float64Array(capacity), this.ends)
  }
}

function copyInto<Column extends Uint8Array | Float64Array>(larger: Column, smaller: Column): Column {
  larger.set(smaller)
  return larger
}
