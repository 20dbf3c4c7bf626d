import { Socket } from 'node:net'
import { wipe } from '#kernel/seal'
import { processStartTicks, setUndumpable, socketMaker, tracerOf } from '#kernel/sys'
import { RunaError } from '#protocol'
import { BUS_FD, LINK_FD, PROVING_MS, takeLaunchKey } from './birthplace.ts'
import { type CovenClient, createCovenClient } from './client.ts'
import type { ProcessIdentity } from './hello.ts'
import { createLink } from './link.ts'
import { openSession, type Session } from './session.ts'

export interface Meeting {
  readonly coven: CovenClient
  readonly session: Session
}

/**
 * For gilgul: proves to coven that it is the process that coven started, has coven prove the same, and resolves to what
 * can be asked. Closes this process to the eyes of others first. Rejects with COVEN_REFUSED.
 */
export async function meetCoven({ timeoutMs = PROVING_MS } = {}): Promise<Meeting> {
  setUndumpable()
  const own = identityOf(process.pid)
  const peer = identityOf(process.ppid)
  refuseStranger(peer)
  const launchKey = takeLaunchKey(BUS_FD)
  try {
    const inspectPeer = () => refuseStranger(peer)
    const link = createLink({ role: 'gilgul', launchKey, own, peer, inspectPeer })
    const client = createCovenClient((message) => session.say(message))
    const socket = new Socket({ fd: LINK_FD, readable: true, writable: true })
    const session = await openSession({ socket, link, timeoutMs, onMessage: client.receive })
    void session.ended.then(client.end)
    return { coven: client, session }
  } finally {
    wipe(launchKey)
  }
}

function identityOf(pid: number): ProcessIdentity {
  const startTicks = processStartTicks(pid)
  if (startTicks !== undefined) return { pid, startTicks }
  throw new RunaError('COVEN_REFUSED', `Process ${pid} is gone.`)
}

/** The socket was made by whoever is my parent, who is still there, and nobody looks into me. */
function refuseStranger({ pid, startTicks }: ProcessIdentity): void {
  const maker = makerOf(LINK_FD)
  if (maker === undefined) {
    throw new RunaError('COVEN_REFUSED', 'There is no link: this process was not started by coven.')
  }
  if (maker !== pid || process.ppid !== pid || processStartTicks(pid) !== startTicks) {
    throw new RunaError('COVEN_REFUSED', `The link was made by process ${maker}, which is not the parent.`)
  }
  const tracer = tracerOf(process.pid)
  if (tracer !== 0) throw new RunaError('COVEN_REFUSED', `Process ${tracer ?? '?'} traces this one.`)
}

function makerOf(fd: number): number | undefined {
  try {
    return socketMaker(fd).pid
  } catch {
    return undefined
  }
}
