import { once } from 'node:events'
import { createConnection, type Socket } from 'node:net'
import { dirname, join } from 'node:path'
import { wipe } from '#kernel/seal'
import { isOfThisUser } from '#kernel/sys'
import { RunaError } from '#protocol'
import { decodeBirth, type KeyTable, TABLE_BYTES_MAX } from './birth-table.ts'

const PATIENCE_MS = 5_000

/** Where gilgul hands the keys of the words to programs of the same user: a socket beside the bus. */
export function doorPath(busPath: string): string {
  return join(dirname(busPath), 'door')
}

/**
 * The keys of all words on a bus, by contract, for a program that gilgul did not start. None where the bus has no door,
 * as those of tests. Rejects with BUS_FORBIDDEN where the door is another user's, BIRTH_INVALID, or SERVICE_LOST where
 * nobody answers.
 */
export async function knock(busPath: string): Promise<KeyTable> {
  const socket = createConnection(doorPath(busPath))
  try {
    await once(socket, 'connect')
    refuseStranger(socket)
    return await readKeys(socket)
  } catch (cause) {
    if (cause instanceof RunaError) throw cause
    // No door was ever made, or who made it is dead: whether that matters, the bus knows.
    const { code = '' } = cause as NodeJS.ErrnoException
    if (['ENOENT', 'ECONNREFUSED'].includes(code)) return new Map()
    throw new RunaError('SERVICE_LOST', `gilgul does not open the door to the bus: ${code}.`, { cause })
  } finally {
    socket.destroy()
  }
}

async function readKeys(socket: Socket): Promise<KeyTable> {
  const pieces: Buffer[] = []
  let sizeBytes = 0
  const tooLate = () =>
    socket.destroy(new RunaError('SERVICE_LOST', 'gilgul does not open the door in time.'))
  const timer = setTimeout(tooLate, PATIENCE_MS)
  try {
    for await (const piece of socket as AsyncIterable<Buffer>) {
      pieces.push(piece)
      sizeBytes += piece.length
      if (sizeBytes > TABLE_BYTES_MAX) throw new RunaError('BIRTH_INVALID')
    }
    if (sizeBytes === 0)
      throw new RunaError('SERVICE_LOST', 'gilgul has closed the door: too many knock at once.')
    const bytes = Buffer.concat(pieces)
    const { words } = decodeBirth(bytes)
    wipe(bytes)
    return words
  } finally {
    clearTimeout(timer)
    wipe(...pieces)
  }
}

/** Whoever could put a socket there could also give us keys that he knows. */
function refuseStranger(socket: Socket): void {
  if (isOfThisUser(socket)) return
  throw new RunaError('BUS_FORBIDDEN', 'The door to the bus belongs to another user.')
}
