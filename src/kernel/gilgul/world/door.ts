import { rmSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { wipe } from '#kernel/seal'
import { doorPath, encodeBirth, type KeyTable } from '#kernel/service'
import { isOfThisUser, listenForUser } from '#kernel/sys'
import { RunaError } from '#protocol'

/** Who knocks reads a few hundred bytes and goes. */
const GUESTS_MAX = 32
const GUEST_MS = 2_000
/** Of a socket, in sockaddr_un, with the zero at its end. */
const PATH_BYTES_MAX = 107

export interface Door {
  close(): Promise<void>
}

/**
 * Hands the keys of the words to programs of the same user, such as the command line: over a socket in the folder of the
 * bus, which nobody else may enter, so that no key ever lies on a disk. Nobody is asked anything; who says something all
 * the same, stays too long, or comes when there are too many, is shown out. Rejects with CONFIG_INVALID where the path is
 * too long for a socket, SYSTEM_CALL_FAILED.
 */
export async function openDoor(busPath: string, words: KeyTable): Promise<Door> {
  const path = doorPath(busPath)
  if (Buffer.byteLength(path) > PATH_BYTES_MAX) {
    throw new RunaError('CONFIG_INVALID', `bus.folder: the path ${path} is too long for a socket.`)
  }
  // Of a gilgul that was killed.
  rmSync(path, { force: true })
  const keys = encodeBirth({ identity: undefined, words })
  const guests = new Set<Socket>()
  const server = createServer((guest) => {
    guests.add(guest)
    guest.once('close', () => guests.delete(guest))
    // A guest that goes away early is no fault of ours.
    guest.on('error', () => {})
    guest.once('data', () => guest.destroy())
    guest.setTimeout(GUEST_MS, () => guest.destroy())
    if (isOfThisUser(guest)) guest.end(keys)
    else guest.destroy()
  })
  server.maxConnections = GUESTS_MAX
  await listenForUser(server, path).catch((cause) => {
    throw new RunaError('SYSTEM_CALL_FAILED', `The door ${path} cannot be made.`, { cause })
  })
  return {
    async close() {
      for (const guest of guests) guest.destroy()
      await new Promise((resolve) => server.close(resolve))
      wipe(keys)
    },
  }
}
