import { RunaError } from '#protocol'
import { harmless } from '../harmless.ts'
import { plural } from '../output.ts'
import { readNamedFile, refuseLong, writeNamedFile } from './files.ts'
import type { VerbCall } from './verb.ts'

const SHOWN_BYTES_MAX = 48

/** A value from the arguments, a file or what is piped in. Rejects with BAD_INPUT where there is none. */
export async function readValue(call: VerbCall, typed: string | undefined): Promise<Uint8Array> {
  const file = call.option('file')
  if (typed !== undefined && file !== undefined)
    throw new RunaError('BAD_INPUT', 'A value is typed, or read from a file, and not both.')
  if (typed !== undefined) return call.has('base64') ? fromBase64(typed) : Buffer.from(typed)
  if (file !== undefined && file !== '-') return readNamedFile(file)
  if (call.canReadInput && process.stdin.isTTY !== true) return await readInput()
  throw new RunaError('BAD_INPUT', 'A value was expected: after the key, with `--file`, or piped in.')
}

export async function readInput(): Promise<Buffer> {
  const pieces: Buffer[] = []
  let sizeBytes = 0
  for await (const piece of process.stdin as AsyncIterable<Buffer>) {
    sizeBytes += piece.length
    refuseLong(sizeBytes)
    pieces.push(piece)
  }
  return Buffer.concat(pieces)
}

/** Throws BAD_INPUT for what Buffer would quietly skip. */
function fromBase64(text: string): Buffer {
  if (/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:==)?|[A-Za-z0-9+/]{3}=?)?$/.test(text))
    return Buffer.from(text, 'base64')
  throw new RunaError('BAD_INPUT', 'That is no base64.')
}

/** A value as JSON can carry it. */
type Carried = { readonly text: string } | { readonly base64: string }

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Text where the bytes are UTF-8, else base64. */
export function carry(bytes: Uint8Array): Carried {
  try {
    return { text: strict.decode(bytes) }
  } catch {
    return { base64: Buffer.from(bytes).toString('base64') }
  }
}

export function carried(value: Carried): Buffer {
  return 'text' in value ? Buffer.from(value.text) : fromBase64(value.base64)
}

/** As a person reads it, on one line. */
export function preview(bytes: Uint8Array): string {
  const value = carry(bytes.subarray(0, 4_096))
  if ('text' in value) return harmless(value.text).replaceAll(/\s+/g, ' ')
  const some = Buffer.from(bytes.subarray(0, SHOWN_BYTES_MAX)).toString('hex')
  return `${plural(bytes.length, 'byte')}: ${some}${bytes.length > SHOWN_BYTES_MAX ? ' …' : ''}`
}

/**
 * Writes a value out, byte for byte. On a terminal text loses what would move the cursor, and bytes that are no text are
 * refused with BAD_INPUT. A file that is there is replaced with `--replace` alone.
 */
export function writeValue(call: VerbCall, bytes: Uint8Array): void {
  const file = call.option('file')
  if (file !== undefined) writeNamedFile(file, bytes, call.has('replace'))
  else if (process.stdout.isTTY !== true && call.canReadInput) process.stdout.write(bytes)
  else process.stdout.write(`${asText(bytes)}\n`)
}

function asText(bytes: Uint8Array): string {
  const value = carry(bytes)
  if ('text' in value) return harmless(value.text)
  const how = '`--file PATH` or `--json`, or pipe it on'
  throw new RunaError(
    'BAD_INPUT',
    `This is no text that can be shown here (${plural(bytes.length, 'byte')}): ${how}.`,
  )
}
