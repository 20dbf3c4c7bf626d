import { readFileSync, readlinkSync } from 'node:fs'
import { basename } from 'node:path'
import type { IsolationKind, Limits } from './settings.ts'

/** A bridge, bubblewrap, its first process, a program: more are not between. */
const DEPTH_MAX = 8

/**
 * What keeps a service apart, as the kernel says it of the innermost of its processes: not what was asked for, but what
 * is there. `hasNetwork`: what Landlock was told, and the kernel does not tell.
 */
export function observe(pid: number, kind: IsolationKind, hasNetwork: boolean): string[] {
  if (kind === 'none') return []
  const inner = innermost(pid)
  const emulator = emulatorOf(inner)
  if (emulator !== undefined) return [emulator]
  const seen = statusOf(inner)
  // It is given its filter last: who has one has the rest, of which the kernel tells nobody.
  const isSecluded = kind === 'landlock' && seen('Seccomp') === '2'
  const own = statusOf(process.pid)
  const uid = seen('Uid')?.split('\t')[0]
  const facts: readonly [boolean, string][] = [
    [uid !== own('Uid')?.split('\t')[0] && uid !== undefined, `its own user (${uid})`],
    [differs(inner, 'root'), 'its own system (chroot)'],
    [differs(inner, 'ns/mnt'), 'its own view of files'],
    [differs(inner, 'ns/pid'), 'its own processes'],
    [differs(inner, 'ns/net') || (isSecluded && !hasNetwork), 'no network'],
    [isSecluded, 'its own rules for files (Landlock)'],
    [seen('Seccomp') === '2', 'a filter for calls'],
    [/^0*$/.test(seen('CapEff') ?? 'unknown'), 'no rights of root'],
    [seen('NoNewPrivs') === '1', 'no new rights'],
  ]
  return facts.filter(([isTrue]) => isTrue).map(([, sentence]) => sentence)
}

/** The limits that hold for each of its processes by itself. */
export function observeRlimits(pid: number): Limits {
  const table = read(`/proc/${innermost(pid)}/limits`)
  const soft = (row: string) => Number(new RegExp(`^${row}\\s+(\\d+)`, 'm').exec(table)?.[1] ?? Number.NaN)
  const [memoryBytes, tasks] = [soft('Max data size'), soft('Max processes')]
  return { ...(memoryBytes > 0 ? { memoryBytes } : {}), ...(tasks > 0 ? { tasks } : {}) }
}

function innermost(pid: number): number {
  let at = pid
  for (let depth = 0; depth < DEPTH_MAX; depth += 1) {
    const child = read(`/proc/${at}/task/${at}/children`).split(' ').filter(Boolean).map(Number).at(0)
    if (child === undefined) break
    at = child
  }
  return at
}

function emulatorOf(pid: number): string | undefined {
  const [program = '', ...words] = read(`/proc/${pid}/cmdline`).split('\0')
  if (!basename(program).startsWith('qemu-system-')) return undefined
  return words.includes('accel=kvm')
    ? 'a machine of its own (QEMU, KVM)'
    : 'a machine of its own (QEMU, emulated)'
}

function statusOf(pid: number): (field: string) => string | undefined {
  const status = read(`/proc/${pid}/status`)
  return (field) => new RegExp(`^${field}:\\s+(.*)$`, 'm').exec(status)?.[1]
}

/** False where it cannot be told. */
function differs(pid: number, link: 'root' | `ns/${string}`): boolean {
  try {
    return readlinkSync(`/proc/${pid}/${link}`) !== readlinkSync(`/proc/self/${link}`)
  } catch {
    return false
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return ''
  }
}
