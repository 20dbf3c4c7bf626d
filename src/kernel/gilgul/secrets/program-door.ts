import { rmSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { dirname, join } from 'node:path'
import { createPipeTransport, type LeasedSecret, type Service } from '#kernel/service'
import { listenForUser, parentPid, processSession, socketDescriptor, socketMaker } from '#kernel/sys'
import { type LeaseEnded, RunaError, type secretsContract } from '#protocol'
import { offerSecrets } from './offer.ts'

export interface ProgramDoorOptions {
  readonly path: string
  /** The service of the owner whose process that is; undefined for any other process. */
  readonly serviceOf: (pid: number) => string | undefined
  readonly lease: (service: string, name: string) => Promise<LeasedSecret>
  readonly note: (text: string) => void
}

export interface ProgramDoor {
  /** Tells its holder, where that one still listens. */
  tell(ended: LeaseEnded): void
  close(): Promise<void>
}

/** At once, of all services together. */
const GUESTS_MAX = 64
/** So far up it is looked for who has started who asks. */
const ANCESTORS_MAX = 16

/** In the folder of the bus, which nobody else may enter; the same for each gilgul, so that a program finds the next one. */
export function programDoorPath(busPath: string): string {
  return join(dirname(busPath), 'secrets')
}

/**
 * Where programs of the owner ask for what they were granted. Who asks is told by the kernel: the process at the other end,
 * which is the service itself, or was started by it. Rejects with SYSTEM_CALL_FAILED.
 */
export async function openProgramDoor(options: ProgramDoorOptions): Promise<ProgramDoor> {
  const { path, lease, note } = options
  // Of a gilgul that was killed.
  rmSync(path, { force: true })
  const guests = new Map<
    Socket,
    { readonly service: string; readonly offer: Service<typeof secretsContract> }
  >()

  const server = createServer((socket) => {
    socket.on('error', () => {})
    const service = whoIs(socket, options)
    if (service === undefined) {
      note('a program that is no service of yours has asked for secrets, and was sent away')
      return void socket.destroy()
    }
    const offer = offerSecrets((name) => lease(service, name), createPipeTransport(socket, socket))
    guests.set(socket, { service, offer })
    socket.once('close', () => guests.delete(socket))
  })
  server.maxConnections = GUESTS_MAX
  await listenForUser(server, path).catch((cause) => {
    throw new RunaError('SYSTEM_CALL_FAILED', `The door ${path} cannot be made.`, { cause })
  })
  return {
    tell(ended) {
      for (const { service, offer } of guests.values()) {
        if (service === ended.service) offer.emit('leaseEnded', ended)
      }
    },
    async close() {
      for (const socket of guests.keys()) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** It may have been started by a shell, or have left its parent; a session it cannot change to another one's. */
function whoIs(socket: Socket, { serviceOf }: ProgramDoorOptions): string | undefined {
  const fd = socketDescriptor(socket)
  if (fd === undefined) return undefined
  const { pid } = socketMaker(fd)
  const bySession = serviceOf(processSession(pid) ?? 0)
  let [found, ancestor] = [bySession, pid]
  for (let count = 0; found === undefined && ancestor > 1 && count < ANCESTORS_MAX; count += 1) {
    found = serviceOf(ancestor)
    ancestor = parentPid(ancestor) ?? 0
  }
  return found
}
