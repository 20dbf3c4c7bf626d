export interface Sequence {
  /** Undefined where the bytes are no character. */
  readonly codePoint: number | undefined
  readonly length: number
  /** The bytes end before the character does. */
  readonly isTorn: boolean
}

/**
 * The character that begins at `at`. Broken bytes are grouped as the WHATWG Encoding Standard groups them ("maximal
 * subparts"), so that each group becomes one U+FFFD, here as in any decoder that the text meets later.
 */
export function sequenceAt(bytes: Uint8Array, at: number, end: number): Sequence {
  const lead = bytes[at] as number
  if (lead < 0x80) return { codePoint: lead, length: 1, isTorn: false }
  const extra = lead < 0xc2 || lead > 0xf4 ? 0 : lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3
  if (extra === 0) return { codePoint: undefined, length: 1, isTorn: false }
  let codePoint = lead & (0x3f >> extra)
  for (let index = 1; index <= extra; index += 1) {
    if (at + index === end) return { codePoint: undefined, length: index, isTorn: true }
    const byte = bytes[at + index] as number
    const [low, high] = index === 1 ? secondByteRange(lead) : [0x80, 0xbf]
    if (byte < low || byte > high) return { codePoint: undefined, length: index, isTorn: false }
    codePoint = (codePoint << 6) | (byte & 0x3f)
  }
  return { codePoint, length: extra + 1, isTorn: false }
}

/** Keeps out overlong forms, surrogates and what lies beyond Unicode. */
function secondByteRange(lead: number): readonly [number, number] {
  if (lead === 0xe0) return [0xa0, 0xbf]
  if (lead === 0xed) return [0x80, 0x9f]
  if (lead === 0xf0) return [0x90, 0xbf]
  if (lead === 0xf4) return [0x80, 0x8f]
  return [0x80, 0xbf]
}
