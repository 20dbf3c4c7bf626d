import { RunaError } from '#protocol'
import { type FileEnd, type Scan, SEALED_MARK, startOf } from './record.ts'
import type { Place, RecordSeal } from './record-seal.ts'

/** What the records of a file say, and what the next one follows. Throws SEAL_BROKEN. */
export function openRecords(
  { records, isSealed, soundBytes }: Scan,
  seal: RecordSeal | undefined,
): { payloads: Buffer[]; end: FileEnd } {
  if (isSealed && !seal) throw new RunaError('SEAL_BROKEN', 'The journal is sealed, and nobody gave the key.')
  if (!seal) {
    return { payloads: records.map(({ payload }) => payload), end: { ...NO_TAG, offset: soundBytes } }
  }
  if (!isSealed && soundBytes > 0) {
    throw new RunaError('SEAL_BROKEN', 'The journal lies in clear, where a sealed one belongs.')
  }
  let { tag } = NO_TAG
  const payloads = records.map(({ payload, ...place }, index) => {
    const opened = openOrName(seal, payload, place, tag, index)
    tag = seal.tagOf(payload)
    return opened
  })
  return { payloads, end: { offset: soundBytes, tag } }
}

const NO_TAG = startOf(SEALED_MARK)

function openOrName(seal: RecordSeal, stored: Buffer, place: Place, tag: Uint8Array, index: number): Buffer {
  try {
    return seal.open(stored, place, tag)
  } catch (cause) {
    const where = `Record ${index} does not open: it was changed or moved, or sealed with another key.`
    throw new RunaError('SEAL_BROKEN', where, { cause })
  }
}
