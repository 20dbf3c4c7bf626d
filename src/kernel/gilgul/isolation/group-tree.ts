import { closeSync, constants, existsSync, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { childPids, parentPid } from '#kernel/sys'

/** Where the groups of this Runa are to be made. */
export interface GroupTree {
  readonly version: 1 | 2
  /** By controller; with version 2, all of them are the same folder. One that is not there cannot be had. */
  readonly folders: Readonly<Partial<Record<Controller, string>>>
}

export type Controller = 'memory' | 'pids' | 'cpu'
const CONTROLLERS: readonly Controller[] = ['memory', 'pids', 'cpu']

/** The group into which Runa itself moves, since one with processes of its own has no limits for those below. */
const ITSELF = 'runa-itself'

export interface GroupTreeOptions {
  /** Tests have a tree of their own. */
  readonly root?: string
  /** What /proc/self/cgroup says. */
  readonly membership?: string
  /** The processes of Runa: nobody else's are moved. */
  readonly isOwn?: (pid: number) => boolean
}

/** Version 2 where it has the controllers, or else version 1. Undefined where this user may make no groups. */
export function findGroupTree(options: GroupTreeOptions = {}): GroupTree | undefined {
  const { root = '/sys/fs/cgroup', isOwn = isOfRuna } = options
  const membership = (options.membership ?? readFileSync('/proc/self/cgroup', 'latin1')).trim().split('\n')
  const own = new Map(
    membership.flatMap((line) => {
      const [, controllers = '', path = '/'] = /^\d+:([^:]*):(.*)$/.exec(line) ?? []
      return controllers.split(',').map((controller): [string, string] => [controller, path])
    }),
  )
  const unified = join(root, own.get('') ?? '/')
  if (existsSync(join(root, 'cgroup.controllers'))) return findUnified(unified, isOwn)
  const folders = CONTROLLERS.map((controller): [Controller, string] => [
    controller,
    join(root, controller, own.get(controller) ?? '/'),
  ])
  const there = folders.filter(([, folder]) => existsSync(join(folder, 'cgroup.procs')))
  return there.length === 0 ? undefined : { version: 1, folders: Object.fromEntries(there) }
}

function findUnified(folder: string, isOwn: (pid: number) => boolean): GroupTree | undefined {
  const offered = wordsOf(join(folder, 'cgroup.controllers'))
  const wanted = CONTROLLERS.filter((controller) => offered.includes(controller))
  if (wanted.length === 0 || !passOn(folder, wanted, isOwn)) return undefined
  return {
    version: 2,
    folders: Object.fromEntries(wanted.map((controller) => [controller, folder])),
  }
}

/**
 * Lets groups below have these controllers. The kernel refuses that to a group with processes of its own, the root
 * excepted: those of Runa move one down. Where others stay, there are no groups.
 */
function passOn(
  folder: string,
  controllers: readonly Controller[],
  isOwn: (pid: number) => boolean,
): boolean {
  const file = join(folder, 'cgroup.subtree_control')
  const asked = controllers.map((controller) => `+${controller}`).join(' ')
  const has = () => controllers.every((controller) => wordsOf(file).includes(controller))
  if (has() || tryWrite(file, asked)) return has()
  const itself = join(folder, ITSELF)
  if (!makeGroup(itself)) return false
  for (const pid of wordsOf(join(folder, 'cgroup.procs')).map(Number)) {
    if (isOwn(pid)) tryWrite(join(itself, 'cgroup.procs'), String(pid))
  }
  return tryWrite(file, asked) && has()
}

/** This process, the ancestor, and what these two have started. */
function isOfRuna(pid: number): boolean {
  return [process.pid, process.ppid].includes(pid) || childPids().includes(pid) || isSibling(pid)
}

function isSibling(pid: number): boolean {
  return process.ppid > 1 && parentPid(pid) === process.ppid
}

export function makeGroup(folder: string): boolean {
  try {
    mkdirSync(folder, { recursive: true })
    return true
  } catch {
    return false
  }
}

/** False where the kernel refuses it, or has no such file. Never makes one. */
export function tryWrite(path: string, text: string): boolean {
  let file: number | undefined
  try {
    file = openSync(path, constants.O_WRONLY | constants.O_TRUNC)
    writeSync(file, text)
    return true
  } catch {
    return false
  } finally {
    if (file !== undefined) closeSync(file)
  }
}

export function wordsOf(path: string): string[] {
  try {
    return readFileSync(path, 'latin1').split(/\s+/).filter(Boolean)
  } catch {
    return []
  }
}
