import { readSync, writeSync } from 'node:fs'
import { crc32 } from 'node:zlib'
import { KEY_BYTES } from '#kernel/seal'
import { createSealedMemory } from '#kernel/sys'
import { RunaError } from '#protocol'

/**
 * What the ancestor keeps for its gilguls: memory without a name that each of them inherits, so that nothing of it is on
 * a disk and nothing of it is lost with one of them. The ancestor makes it and never looks into it.
 *
 *     0    root of the keys for words; all zeros before the first gilgul has made a world
 *     64   half A, half B: sequence, length and CRC-32 of what follows (32 bits each, one spare), then the text
 *
 * A gilgul writes over the older half, so that one that dies while it writes leaves the newer one whole.
 */
const ROOT_BYTES = 64
const HEAD_BYTES = 16
const HALF_BYTES = 2 ** 18
const TEXT_BYTES_MAX = HALF_BYTES - HEAD_BYTES
const SIZE_BYTES = ROOT_BYTES + 2 * HALF_BYTES

export interface EstateMemory {
  /** Undefined before there is one. The caller wipes it. */
  readRoot(): Buffer | undefined
  writeRoot(root: Buffer): void
  /** The last text that was written whole. */
  read(): string | undefined
  /** Throws SERVICE_FAILED where it is too long, and leaves the one before. */
  write(text: string): void
}

/** Throws as the system does when there is no memory left. */
export function createEstateMemory(): number {
  return createSealedMemory('runa-estate', SIZE_BYTES)
}

/** The next gilgul finds nothing, and makes a world of its own. */
export function clearEstateMemory(fd: number): void {
  writeSync(fd, Buffer.alloc(SIZE_BYTES), 0, SIZE_BYTES, 0)
}

export function openEstateMemory(fd: number): EstateMemory {
  function readHalf(index: number): { readonly sequence: number; readonly text: string } | undefined {
    const start = ROOT_BYTES + index * HALF_BYTES
    const head = readBytes(fd, start, HEAD_BYTES)
    const [sequence, length, check] = [head.readUInt32LE(0), head.readUInt32LE(4), head.readUInt32LE(8)]
    if (sequence === 0 || length > TEXT_BYTES_MAX) return undefined
    const bytes = readBytes(fd, start + HEAD_BYTES, length)
    return crc32(bytes, sequence) === check ? { sequence, text: bytes.toString() } : undefined
  }

  function newest() {
    const halves = [0, 1].map((index) => ({ index, half: readHalf(index) }))
    return halves.sort((a, b) => (b.half?.sequence ?? 0) - (a.half?.sequence ?? 0))[0]
  }

  return {
    readRoot() {
      const root = readBytes(fd, 0, KEY_BYTES)
      return root.some((byte) => byte !== 0) ? root : undefined
    },
    writeRoot: (root) => void writeSync(fd, root, 0, KEY_BYTES, 0),
    read: () => newest()?.half?.text,
    write(text) {
      const bytes = Buffer.from(text)
      if (bytes.length > TEXT_BYTES_MAX)
        throw new RunaError('SERVICE_FAILED', `Services cannot be noted: more than ${TEXT_BYTES_MAX} bytes.`)
      const last = newest()
      const index = last?.half === undefined ? 0 : 1 - last.index
      const sequence = (last?.half?.sequence ?? 0) + 1
      const head = Buffer.alloc(HEAD_BYTES)
      head.writeUInt32LE(sequence, 0)
      head.writeUInt32LE(bytes.length, 4)
      head.writeUInt32LE(crc32(bytes, sequence), 8)
      const start = ROOT_BYTES + index * HALF_BYTES
      writeSync(fd, bytes, 0, bytes.length, start + HEAD_BYTES)
      writeSync(fd, head, 0, HEAD_BYTES, start)
    },
  }
}

function readBytes(fd: number, position: number, length: number): Buffer {
  const bytes = Buffer.alloc(length)
  readSync(fd, bytes, 0, length, position)
  return bytes
}
