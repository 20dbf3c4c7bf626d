import { spawnSync } from 'node:child_process'
import { accessSync, constants, readFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { type SeclusionPowers, seclusionPowers } from '#kernel/seclusion'
import { isProgram } from '../is-program.ts'

/** What this machine can do to keep a service apart. Tests have machines that can do less. */
export interface Machine {
  readonly isRoot: boolean
  /** As Node names it. */
  readonly architecture: string
  /** The path of a program, or undefined where it is not installed. */
  find(program: string): string | undefined
  /** Whether this process may use a file or a folder. */
  may(path: string): boolean
  /** Why bubblewrap cannot make a view here; empty where it can. Tried until it can. */
  bubblewrapFault(): string
  /** Of a user by name or number; undefined where there is none of that name. */
  user(name: string): { readonly uid: number; readonly gid: number } | undefined
  /** The file that holds the filter for calls; undefined where none is known for this architecture. */
  filterFile(options: { readonly network: boolean }): string | undefined
  /** What the kernel can keep a program to without anything in between. */
  powers(): SeclusionPowers
}

const TRIED_MS = 5_000

export interface MachineOptions {
  readonly searchPath: string
  readonly filterFile: Machine['filterFile']
}

export function describeMachine({ searchPath, filterFile }: MachineOptions): Machine {
  // Services are often started by users whose PATH leaves out where Debian has chroot and xl.
  const folders = [...searchPath.split(delimiter), '/usr/sbin', '/sbin'].filter((folder) => folder !== '')
  let fault: string | undefined

  function find(program: string): string | undefined {
    return folders.map((folder) => join(folder, program)).find(isProgram)
  }

  return {
    isRoot: process.getuid?.() === 0,
    architecture: process.arch,
    find,
    filterFile,
    may,
    powers: seclusionPowers,
    bubblewrapFault() {
      // A fault may pass: it is installed, or the machine was only busy.
      if (fault !== '') fault = tryBubblewrap(find('bwrap'))
      return fault
    },
    user: findUser,
  }
}

function tryBubblewrap(path: string | undefined): string {
  if (path === undefined) return 'bubblewrap is not installed (Debian: apt install bubblewrap)'
  const words = ['--ro-bind', '/', '/', '--unshare-pid', '--unshare-net', '--proc', '/proc', '--', 'true']
  const { status, stderr, error } = spawnSync(path, words, { timeout: TRIED_MS, encoding: 'utf8' })
  if (status === 0) return ''
  const said = error?.message ?? stderr.trim().split('\n')[0]
  return `bubblewrap cannot make a view of its own here (${said})`
}

function findUser(name: string): { uid: number; gid: number } | undefined {
  if (/^\d+$/.test(name)) return { uid: Number(name), gid: Number(name) }
  const row = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
    .find(([known]) => known === name)
  return row === undefined ? undefined : { uid: Number(row[2]), gid: Number(row[3]) }
}

function may(path: string): boolean {
  try {
    accessSync(path, constants.R_OK | constants.W_OK)
    return true
  } catch {
    return false
  }
}
