import type { Socket } from 'node:net'
import { keepSecret, secretRoom, wipe } from '#kernel/seal'
import { RunaError } from '#protocol'

const LENGTH_BYTES = 4
/** A passphrase of 4,096 bytes, and what is around it. */
const FRAME_BYTES_MAX = 8_192

/** One message after its length (32 bits, little-endian). The caller wipes both. */
export function frameOf(message: Buffer): Buffer {
  const frame = secretRoom(LENGTH_BYTES + message.length)
  frame.writeUInt32LE(message.length)
  message.copy(frame, LENGTH_BYTES)
  wipe(message)
  return frame
}

/** The first message that comes. The caller wipes it. Rejects with COVEN_LINK_BROKEN for anything else. */
export async function readFrame(socket: Socket): Promise<Buffer> {
  const room = secretRoom(LENGTH_BYTES + FRAME_BYTES_MAX)
  let sizeBytes = 0
  try {
    return await new Promise<Buffer>((resolve, reject) => {
      const refuse = () =>
        reject(new RunaError('COVEN_LINK_BROKEN', 'What came over the door is no message.'))
      socket.on('data', (piece: Buffer) => {
        const fits = sizeBytes + piece.length <= room.length
        if (fits) sizeBytes += piece.copy(room, sizeBytes)
        wipe(piece)
        if (!fits) return refuse()
        const end = LENGTH_BYTES + (sizeBytes < LENGTH_BYTES ? FRAME_BYTES_MAX : room.readUInt32LE())
        if (end > room.length) refuse()
        else if (sizeBytes >= end) resolve(keepSecret(room.subarray(LENGTH_BYTES, end)))
      })
      socket.once('end', refuse)
      socket.once('close', refuse)
      socket.once('error', refuse)
    })
  } finally {
    socket.removeAllListeners('data')
    wipe(room)
  }
}
