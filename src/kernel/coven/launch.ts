import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process'
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
  readonly command: string
  readonly arguments: readonly string[]
  /** All that the process sees of the environment. Never holds a secret. */
  readonly environment: Readonly<Record<string, string>>
  /** Where its words go: a descriptor, `inherit` or `ignore`. */
  readonly output: 'inherit' | 'ignore' | number
  /** Answers a request. Where it rejects, the link is closed. */
  readonly answer: (request: Buffer) => Promise<Buffer>
  readonly timeoutMs?: number
}

export interface Launched {
  readonly child: ChildProcess
  readonly session: Session
}

/**
 * Starts gilgul, with one end of a socket pair and a sealed bus as its descriptors 3 and 4. Resolves once both have
 * proven who they are; rejects with COVEN_REFUSED, and then the process was ended by force.
 */
export async function startGilgul(options: LaunchOptions): Promise<Launched> {
  const { busFd, launchKey } = createBirthplace()
  const [ours, theirs] = createSocketPair()
  const socket = new Socket({ fd: ours, readable: true, writable: true })
  const { output } = options
  const stdio: StdioOptions = ['ignore', output, output, theirs, busFd]
  const child = spawn(options.command, options.arguments, { stdio, env: { ...options.environment } })
  child.on('error', () => socket.destroy())
  child.once('exit', () => socket.destroy())
  closeSync(theirs)
  try {
    const peer = identityOf(child.pid)
    const link = createLink({
      ...{ role: 'coven', launchKey, own: identityOf(process.pid), peer },
      inspectPeer: () => refuseChanged(peer),
    })
    const { answer, timeoutMs = PROVING_MS } = options
    const onMessage = (request: Buffer, session: Session) => void reply(answer, request, session)
    return { child, session: await openSession({ socket, link, timeoutMs, onMessage }) }
  } catch (error) {
    socket.destroy()
    child.kill('SIGKILL')
    throw error
  } finally {
    wipe(launchKey)
    clearBirthplace(busFd)
    closeSync(busFd)
  }
}

async function reply(answer: LaunchOptions['answer'], request: Buffer, session: Session): Promise<void> {
  try {
    const answered = await answer(request)
    session.say(answered)
    wipe(answered)
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
