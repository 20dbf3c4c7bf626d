import { chmod } from 'node:fs/promises'
import type { Server, Socket } from 'node:net'
import { socketDescriptor, socketMaker } from './socket-pair.ts'

/**
 * Has `server` listen at `path`, which nobody but this user may open. A guest that the system has no room for, such as one
 * more descriptor, is missed; that is no end of the server, nor of the process. Rejects as the system does, and listens to
 * nobody then.
 */
export async function listenForUser(server: Server, path: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    // It stays: an error that nobody hears would end the process.
    server.on('error', reject)
    server.listen(path, resolve)
  })
  try {
    await chmod(path, 0o600)
  } catch (error) {
    server.close()
    throw error
  }
}

/** Whether the other end was made by a process of the same user. False once the socket is closed. */
export function isOfThisUser(socket: Socket): boolean {
  const fd = socketDescriptor(socket)
  return fd !== undefined && socketMaker(fd).uid === process.getuid?.()
}
