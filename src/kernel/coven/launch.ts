import { closeSync } from 'node:fs'
import { Socket } from 'node:net'
import { wipe } from '#kernel/seal'
import { createSocketPair, processStartTicks, tracerOf } from '#kernel/sys'
import { RunaError } from '#protocol'
import { clearBirthplace, createBirthplace, PROVING_MS } from './birthplace.ts'
import type { ProcessIdentity } from './hello.ts'
import { createLink } from './link.ts'
import { openSession, type Session } from './session.ts'

export interface LaunchOptions {
  /** Answers a request. Where it rejects, the link is closed. */
  readonly answer: (request: Buffer) => Promise<Buffer>
  /** For both to prove who they are. */
  readonly timeoutMs?: number
}

/** One launch of a gilgul, before there is a process. */
export interface Launch {
  /** What the process inherits as LINK_FD and as BUS_FD. */
  readonly descriptors: readonly [link: number, bus: number]
  /**
   * To be called once, right after the process was started, or could not be (undefined). Resolves once both have proven
   * who they are; rejects with COVEN_REFUSED, and then the process has to be ended by force. Either way nothing of the
   * launch is left that could be used again.
   */
  attend(pid: number | undefined): Promise<Session>
}

/** Makes what a gilgul is born with: one end of a socket pair, and a sealed bus with a fresh launch key in it. */
export function prepareLaunch({ answer, timeoutMs = PROVING_MS }: LaunchOptions): Launch {
  const { busFd, launchKey } = createBirthplace()
  const [ours, theirs] = createSocketPair()
  return {
    descriptors: [theirs, busFd],
    async attend(pid) {
      const socket = new Socket({ fd: ours, readable: true, writable: true })
      closeSync(theirs)
      try {
        const peer = identityOf(pid)
        const link = createLink({
          ...{ role: 'coven', launchKey, own: identityOf(process.pid), peer },
          inspectPeer: () => refuseChanged(peer),
        })
        const onMessage = (request: Buffer, session: Session) => void reply(answer, request, session)
        return await openSession({ socket, link, timeoutMs, onMessage })
      } catch (error) {
        socket.destroy()
        throw error
      } finally {
        wipe(launchKey)
        clearBirthplace(busFd)
        closeSync(busFd)
      }
    },
  }
}

async function reply(answer: LaunchOptions['answer'], request: Buffer, session: Session): Promise<void> {
  try {
    const answered = await answer(request)
    try {
      session.say(answered)
    } finally {
      wipe(answered)
    }
  } catch {
    session.close()
  }
}

function identityOf(pid: number | undefined): ProcessIdentity {
  const startTicks = pid === undefined ? undefined : processStartTicks(pid)
  if (pid !== undefined && startTicks !== undefined) return { pid, startTicks }
  throw new RunaError('COVEN_REFUSED', 'The process that was to be gilgul could not be started.')
}

function refuseChanged({ pid, startTicks }: ProcessIdentity): void {
  if (processStartTicks(pid) !== startTicks) throw new RunaError('COVEN_REFUSED', `Process ${pid} is gone.`)
  if (tracerOf(pid) !== 0) throw new RunaError('COVEN_REFUSED', `Process ${pid} is being traced.`)
}
