import { readFileSync } from 'node:fs'
import { constants } from 'node:os'
import { libc, systemError } from './libc.ts'

const PR_SET_PDEATHSIG = 1
const PR_SET_DUMPABLE = 4
const RLIMIT_CORE = 4
/** struct rlimit: soft and hard limit, 64 bits each. */
const LIMIT_BYTES = 16

function prctl(option: number, value: number): void {
  if (libc('int prctl(int, ulong, ulong, ulong, ulong)')(option, value, 0, 0, 0) !== 0)
    throw systemError('prctl')
}

/** Has the kernel send `signal` to this process once the thread that spawned it has ended. */
export function setParentDeathSignal(signal: 'SIGTERM' | 'SIGKILL'): void {
  prctl(PR_SET_PDEATHSIG, constants.signals[signal])
}

/**
 * Keeps other processes of the same user out of this one's memory, and its memory out of core dumps, and its debugger
 * closed.
 */
export function setUndumpable(): void {
  prctl(PR_SET_DUMPABLE, 0)
  closeDebugger()
}

/**
 * On SIGUSR1, Node would open its debugger to whoever can reach a port of this machine, other users among them: that
 * signal does nothing from then on.
 */
export function closeDebugger(): void {
  if (process.listenerCount('SIGUSR1') === 0) process.on('SIGUSR1', () => {})
}

/** Whatever this process and those that it starts hold in memory, a crash of theirs puts none of it on a disk. */
export function forbidCoreDumps(): void {
  if (libc('int setrlimit(int, uint8_t*)')(RLIMIT_CORE, Buffer.alloc(LIMIT_BYTES)) !== 0)
    throw systemError('setrlimit')
}

/**
 * When a process started, in clock ticks since boot: only together with it does a pid name a process, since it is used
 * again. Undefined when there is none, or it is a zombie. 20-40 µs.
 */
export function processStartTicks(pid: number): number | undefined {
  const { state, startTicks } = statOf(pid) ?? {}
  return state === 'Z' || state === 'X' ? undefined : startTicks
}

/**
 * Whether the process that started then is there, and no zombie. Where the system has no descriptor left to look with, any
 * process of that number passes for it: one that lives must not be taken for dead, and started twice.
 */
export function isProcessAlive(pid: number, startTicks: number): boolean {
  try {
    const found = readStat(pid)
    return found.startTicks === startTicks && !['Z', 'X'].includes(found.state ?? '')
  } catch (error) {
    return !isGone(error) && processExists(pid)
  }
}

function isGone(error: unknown): boolean {
  return ['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')
}

/** Whether any process has that number, a zombie included. Takes no descriptor, so that it can be asked at any time. */
export function processExists(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** As `processStartTicks`, of a child that may have ended already, for as long as nobody has taken its exit status. */
export function childStartTicks(pid: number): number | undefined {
  return statOf(pid)?.startTicks
}

/** Undefined where there is no such process. */
export function parentPid(pid: number): number | undefined {
  return statOf(pid)?.parent
}

/** The session that it was born into, named by the process that began it: none can join another. Undefined where there is none. */
export function processSession(pid: number): number | undefined {
  return statOf(pid)?.session
}

/** Whether somebody has stopped it with a signal, or traces it, so that it can do nothing. */
export function isPaused(pid: number): boolean {
  return ['T', 't'].includes(statOf(pid)?.state ?? '')
}

/** Processor time so far, in clock ticks. 0 where there is no such process. */
export function processTicks(pid: number): number {
  return statOf(pid)?.ticks ?? 0
}

/** The wait status of a process that has ended and that nobody has waited for yet; undefined of any other. */
export function zombieStatus(pid: number): number | undefined {
  const { state, exitCode } = statOf(pid) ?? {}
  return state === 'Z' ? exitCode : undefined
}

interface ProcessStat {
  readonly state: string | undefined
  readonly parent: number
  readonly session: number
  readonly ticks: number
  readonly startTicks: number
  readonly exitCode: number
}

function statOf(pid: number): ProcessStat | undefined {
  try {
    return readStat(pid)
  } catch {
    return undefined
  }
}

function readStat(pid: number): ProcessStat {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1').trim()
  // The name, in brackets, may hold blanks and brackets itself. State and parent come after it, start time is the 20th,
  // and the last is the exit code.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const [state, parent, , session] = fields
  const ticks = Number(fields[11]) + Number(fields[12])
  const [startTicks, exitCode] = [Number(fields[19]), Number(fields.at(-1))]
  return { state, parent: Number(parent), session: Number(session), ticks, startTicks, exitCode }
}

/** The process that traces this one and so reads its memory: 0 where nobody does, undefined where it cannot be told. */
export function tracerOf(pid: number): number | undefined {
  try {
    const tracer = /^TracerPid:\s*(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]
    return tracer === undefined ? undefined : Number(tracer)
  } catch {
    return undefined
  }
}
