import { RunaError } from '#protocol'

const LENGTH_BYTES = 4

/** A frame on its way: its length (32 bits, little-endian), then the frame. */
export function withLength(frame: Buffer): Buffer {
  const length = Buffer.alloc(LENGTH_BYTES)
  length.writeUInt32LE(frame.length)
  return Buffer.concat([length, frame])
}

export interface FrameReader {
  add(bytes: Uint8Array): void
  /**
   * The next whole frame, undefined where it is not there yet. Throws COVEN_LINK_BROKEN as soon as a length is not
   * within the limits: nothing is ever gathered for a frame that would be refused.
   */
  next(bytesMin: number, bytesMax: number): Buffer | undefined
}

/** Cuts a stream of bytes, in whatever pieces it comes, into frames. */
export function createFrameReader(): FrameReader {
  let gathered = Buffer.alloc(0)
  return {
    add(bytes) {
      gathered = Buffer.concat([gathered, bytes])
    },
    next(bytesMin, bytesMax) {
      if (gathered.length < LENGTH_BYTES) return undefined
      const length = gathered.readUInt32LE()
      if (length < bytesMin || length > bytesMax) {
        throw new RunaError('COVEN_LINK_BROKEN', 'A frame of the link had the wrong length; it was closed.')
      }
      const end = LENGTH_BYTES + length
      if (gathered.length < end) return undefined
      const frame = gathered.subarray(LENGTH_BYTES, end)
      gathered = gathered.subarray(end)
      return frame
    },
  }
}
