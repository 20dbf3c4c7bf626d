import { randomFillSync } from 'node:crypto'
import { RunaError } from './errors.ts'

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/** Randomness is drawn for many identities at once: a draw costs far more than its bytes. */
const random = new Int32Array(1_024)
let randomUsed = random.length

function draw(): number {
  if (randomUsed === random.length) {
    randomFillSync(random)
    randomUsed = 0
  }
  randomUsed += 1
  return random[randomUsed - 1] ?? 0
}

function hexOf(word: number): string {
  return `${HEX[word >>> 24]}${HEX[(word >>> 16) & 255]}${HEX[(word >>> 8) & 255]}${HEX[word & 255]}`
}

/** A UUID: four words of 32 bits, which are turned into its text, or made from it, only where somebody asks for them. */
export class Identity {
  private written: string | undefined
  private isRead: boolean
  private first: number
  private second: number
  private third: number
  private fourth: number

  private constructor(
    written: string | undefined,
    first: number,
    second: number,
    third: number,
    fourth: number,
  ) {
    this.written = written
    this.isRead = written === undefined
    this.first = first
    this.second = second
    this.third = third
    this.fourth = fourth
  }

  /** RFC 9562, section 5.7: 48 bits of milliseconds, then randomness. */
  static create(nowMs: number): Identity {
    const low = (nowMs % 65_536) << 16
    const third = (draw() & 0x3fff_ffff) | 0x8000_0000
    return new Identity(undefined, (nowMs / 65_536) | 0, low | 0x7000 | (draw() & 0xfff), third, draw())
  }

  /** What is no UUID is refused where its bytes are asked for: no text at all, too. */
  static fromText(text: string | undefined): Identity {
    return new Identity(text ?? '', 0, 0, 0, 0)
  }

  /** Undefined for bytes that are no UUID of RFC 9562: version 1 to 8, variant 8 to b. */
  static read(view: DataView, offset: number): Identity | undefined {
    const [second, third] = [view.getInt32(offset + 4), view.getInt32(offset + 8)]
    const version = (second >>> 12) & 15
    if (version < 1 || version > 8 || third >>> 30 !== 2) return undefined
    return new Identity(undefined, view.getInt32(offset), second, third, view.getInt32(offset + 12))
  }

  /** Throws BAD_INPUT where it was made from a text that is no UUID. */
  writeTo(view: DataView, offset: number): void {
    if (!this.isRead) this.readText()
    view.setInt32(offset, this.first)
    view.setInt32(offset + 4, this.second)
    view.setInt32(offset + 8, this.third)
    view.setInt32(offset + 12, this.fourth)
  }

  /** Whether its bytes stand there. Only of one that was created or read from bytes. */
  standsAt(view: DataView, offset: number): boolean {
    return (
      view.getInt32(offset + 12) === this.fourth &&
      view.getInt32(offset + 8) === this.third &&
      view.getInt32(offset + 4) === this.second &&
      view.getInt32(offset) === this.first
    )
  }

  toString(): string {
    this.written ??= this.writeText()
    return this.written
  }

  private writeText(): string {
    const [second, third] = [hexOf(this.second), hexOf(this.third)]
    const head = `${hexOf(this.first)}-${second.slice(0, 4)}-${second.slice(4)}`
    return `${head}-${third.slice(0, 4)}-${third.slice(4)}${hexOf(this.fourth)}`
  }

  private readText(): void {
    const text = this.written ?? ''
    if (!UUID.test(text)) throw new RunaError('BAD_INPUT', `'${text}' is no UUID.`)
    const hex = text.replaceAll('-', '')
    const wordAt = (start: number) => Number.parseInt(hex.slice(start, start + 8), 16) | 0
    this.first = wordAt(0)
    this.second = wordAt(8)
    this.third = wordAt(16)
    this.fourth = wordAt(24)
    this.isRead = true
  }
}
