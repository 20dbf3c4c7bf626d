import { randomFillSync } from 'node:crypto'
import { secretRoom } from '#kernel/seal'

/** Of base64url (RFC 4648): each is worth 6 bits, and all of them can be pasted anywhere. */
const ALPHABET = Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_')
const BITS = 6

/** A secret made from chance, as letters and digits that are worth so many bytes. Never a string. The caller wipes it. */
export function letters(sizeBytes: number): Buffer {
  const text = secretRoom(Math.ceil((sizeBytes * 8) / BITS))
  randomFillSync(text)
  for (let at = 0; at < text.length; at += 1) {
    text[at] = ALPHABET[(text[at] ?? 0) % ALPHABET.length] ?? 0
  }
  return text
}
