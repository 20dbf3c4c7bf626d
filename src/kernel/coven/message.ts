import * as z from 'zod'
import { RunaError } from '#protocol'

/** JSON that says what it is about, and beside it bytes that never become a string. */
export interface Message {
  readonly head: Readonly<Record<string, unknown>>
  readonly value: Buffer
}

const LENGTH_BYTES = 4
const headSchema = z.record(z.string(), z.unknown())

/** The length of the JSON (32 bits, little-endian), the JSON, the bytes. The caller wipes all of them. */
export function encodeMessage(head: Message['head'], value: Uint8Array = Buffer.alloc(0)): Buffer {
  const json = Buffer.from(JSON.stringify(head))
  const length = Buffer.alloc(LENGTH_BYTES)
  length.writeUInt32LE(json.length)
  return Buffer.concat([length, json, value])
}

/** The value is a view of `bytes`. Throws COVEN_LINK_BROKEN for anything else. */
export function decodeMessage(bytes: Buffer): Message {
  try {
    const valueAt = LENGTH_BYTES + bytes.readUInt32LE()
    if (valueAt > bytes.length) throw new RangeError('The message is cut.')
    const head = headSchema.parse(JSON.parse(bytes.toString('utf8', LENGTH_BYTES, valueAt)))
    return { head, value: bytes.subarray(valueAt) }
  } catch (cause) {
    throw new RunaError('COVEN_LINK_BROKEN', 'A message of the link cannot be understood.', { cause })
  }
}
