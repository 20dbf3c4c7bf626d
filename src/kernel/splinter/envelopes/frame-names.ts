import { type Envelope, RunaError } from '#protocol'

// The names of an envelope stand in one block: four lengths (16 bits each), then from, to, operation and words in
// UTF-8, and zeros up to the next word. Few blocks make up most of the traffic of a process, so both sides remember
// them: the sender by its names, the receiver by its bytes.

/** Of an envelope: the names that it is routed by, and the contract under whose key it is sealed, or ''. */
interface Names {
  readonly from: string
  readonly to: string
  readonly operation: string
  readonly words: string
}

const LENGTHS_BYTES = 8
const NAME_LENGTH_MAX = 128
/** A character of a name takes at most three bytes for each of its UTF-16 units. */
export const NAME_BLOCK_BYTES_MAX = LENGTHS_BYTES + 4 * 3 * NAME_LENGTH_MAX + 3
const WRITTEN_MAX = 16
const READ_MAX = 512

interface WrittenNames extends Names {
  readonly block: Uint8Array
}

/** Returns the block of an envelope's names. Throws BAD_INPUT for a name that is too long. */
export type NameWriter = (envelope: Pick<Envelope, 'from' | 'to' | 'operation'>, words: string) => Uint8Array

export function createNameWriter(): NameWriter {
  const known: WrittenNames[] = []
  return ({ from, to, operation }, words) => {
    for (let index = 0; index < known.length; index += 1) {
      const names = known[index] as WrittenNames
      if (names.to !== to || names.operation !== operation || names.from !== from || names.words !== words)
        continue
      // Those in use gather at the front.
      const better = index >> 1
      known[index] = known[better] as WrittenNames
      known[better] = names
      return names.block
    }
    const block = writeBlock({ from, to, operation, words })
    known[known.length < WRITTEN_MAX ? known.length : WRITTEN_MAX - 1] = { from, to, operation, words, block }
    return block
  }
}

function writeBlock({ from, to, operation, words }: Names): Uint8Array {
  const names = [from, to, operation, words]
  if (names.some((name) => name.length > NAME_LENGTH_MAX)) {
    throw new RunaError('BAD_INPUT', `A name in an envelope has at most ${NAME_LENGTH_MAX} characters.`)
  }
  const block = Buffer.alloc(NAME_BLOCK_BYTES_MAX)
  let end = LENGTHS_BYTES
  for (const [index, name] of names.entries()) {
    const length = block.write(name, end)
    block.writeUInt16LE(length, index * 2)
    end += length
  }
  return Uint8Array.from(block.subarray(0, (end + 3) & ~3))
}

interface ReadNames extends Names {
  /** Of the whole block. */
  readonly block: Int32Array
}

/** How many bytes the block takes that begins there. */
export function nameBlockBytes(view: DataView, start: number): number {
  const lengths = view.getUint16(start, true) + view.getUint16(start + 2, true)
  return (
    (LENGTHS_BYTES + lengths + view.getUint16(start + 4, true) + view.getUint16(start + 6, true) + 3) & ~3
  )
}

/** Reads the names of a block that lies within the view; undefined where they are none. */
export type NameReader = (view: DataView, start: number, end: number) => Names | undefined

export function createNameReader(): NameReader {
  const known = new Map<number, ReadNames>()
  return (view, start, end) => {
    let hash = 0x811c_9dc5 | 0
    for (let at = start; at < end; at += 4) hash = Math.imul(hash ^ view.getInt32(at, true), 0x0100_0193)
    const before = known.get(hash)
    if (before && isBlock(before.block, view, start, end)) return before
    const names = readBlock(view, start, end)
    if (!names) return undefined
    if (known.size >= READ_MAX) known.clear()
    known.set(hash, names)
    return names
  }
}

function isBlock(block: Int32Array, view: DataView, start: number, end: number): boolean {
  if (block.length !== (end - start) >> 2) return false
  for (let index = 0; index < block.length; index += 1) {
    if (block[index] !== view.getInt32(start + index * 4, true)) return false
  }
  return true
}

function readBlock(view: DataView, start: number, end: number): ReadNames | undefined {
  const bytes = Buffer.from(view.buffer, view.byteOffset, view.byteLength)
  let nameStart = start + LENGTHS_BYTES
  const names: string[] = []
  for (let index = 0; index < 4; index += 1) {
    const nameEnd = nameStart + view.getUint16(start + index * 2, true)
    const name = bytes.toString('utf8', nameStart, nameEnd)
    // Somebody sends it, and to somebody.
    if (name.length > NAME_LENGTH_MAX || (index < 2 && name === '')) return undefined
    names.push(name)
    nameStart = nameEnd
  }
  const [from = '', to = '', operation = '', words = ''] = names
  const block = Int32Array.from({ length: (end - start) >> 2 }, (_, word) =>
    view.getInt32(start + word * 4, true),
  )
  return { from, to, operation, words, block }
}
