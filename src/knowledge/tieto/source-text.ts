import { RunaError } from '#protocol'

/**
 * The text of a file, byte for byte: a byte order mark stays, as U+FEFF, so that offsets can be counted. Throws
 * DOCUMENT_INVALID for what is no text in UTF-8.
 */
export function decodeText(bytes: Uint8Array): string {
  if (startsAsUtf16(bytes))
    throw new RunaError('DOCUMENT_INVALID', 'It is text in UTF-16. Save it as UTF-8, then it can be read.')
  if (bytes.includes(0)) throw new RunaError('DOCUMENT_INVALID', 'It is a binary file: it holds NUL bytes.')
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch (cause) {
    throw new RunaError('DOCUMENT_INVALID', 'It is a binary file, or text that was not saved as UTF-8.', {
      cause,
    })
  }
}

/** By its byte order mark, as Windows writes it. */
function startsAsUtf16([first, second]: Uint8Array): boolean {
  return (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)
}

/** Turns places in a text into places in its bytes. The places have to come in ascending order. */
export function createByteCounter(text: string): (position: number) => number {
  let lastPosition = 0
  let lastByte = 0
  return (position) => {
    lastByte += Buffer.byteLength(text.slice(lastPosition, position))
    lastPosition = position
    return lastByte
  }
}
