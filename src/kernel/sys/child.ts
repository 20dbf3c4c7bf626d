import { readdirSync, readFileSync } from 'node:fs'
import { constants } from 'node:os'
import { libc, systemError } from './libc.ts'

const PR_SET_CHILD_SUBREAPER = 36
const WNOHANG = 1

/** How a process ended: one of the two is null. */
export interface ExitStatus {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** From now on this process is the parent of all that descends from it and whose own parent dies. */
export function adoptOrphans(): void {
  const prctl = libc('int prctl(int, ulong, ulong, ulong, ulong)')
  if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) !== 0) throw systemError('prctl')
}

/** The processes whose parent is this one, those that have ended among them. */
export function childPids(): number[] {
  const tasks = '/proc/self/task'
  return readdirSync(tasks).flatMap((task) => {
    const listed = readFileSync(`${tasks}/${task}/children`, 'latin1').trim()
    return listed === '' ? [] : listed.split(' ').map(Number)
  })
}

/**
 * Takes the exit status of a child that has ended, and frees its number. Undefined while it runs, and for what is no
 * child. Never to be called for a child that Node has started: its `exit` would not come.
 */
export function reapChild(pid: number): ExitStatus | undefined {
  const status = Buffer.alloc(4)
  if (libc('int waitpid(int, _Out_ uint8_t*, int)')(pid, status, WNOHANG) !== pid) return undefined
  return exitStatusOf(status.readInt32LE())
}

/** As WIFSIGNALED, WTERMSIG and WEXITSTATUS of wait(2) read it. */
export function exitStatusOf(status: number): ExitStatus {
  const number = status & 0x7f
  if (number === 0) return { code: (status >> 8) & 0xff, signal: null }
  const names = Object.entries(constants.signals) as [NodeJS.Signals, number][]
  return { code: null, signal: names.find(([, known]) => known === number)?.[0] ?? 'SIGKILL' }
}
