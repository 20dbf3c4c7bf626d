import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'

/**
 * What a process costs, in bytes: its proportional share, in which what several processes map is counted in parts.
 * Where the kernel does not tell, what is resident; 0 for a process that has gone.
 */
export async function memoryBytesOf(pid: number): Promise<number> {
  return (
    (await kibibytesIn(`/proc/${pid}/smaps_rollup`, 'Pss')) ??
    (await kibibytesIn(`/proc/${pid}/status`, 'VmRSS')) ??
    0
  )
}

/** A bridge is small, and the program behind it may not be; between them may stand what keeps it apart. */
export async function memoryBytesWithChildren(pid: number): Promise<number> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'latin1').catch(() => '')
  const pids = children.split(' ').filter(Boolean).map(Number)
  const sizes = await Promise.all([memoryBytesOf(pid), ...pids.map(memoryBytesWithChildren)])
  return sizes.reduce((sum, sizeBytes) => sum + sizeBytes, 0)
}

async function kibibytesIn(path: string, field: string): Promise<number | undefined> {
  try {
    const [, kibibytes] =
      new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(await readFile(path, 'latin1')) ?? []
    return kibibytes === undefined ? undefined : Number(kibibytes) * 1_024
  } catch {
    return undefined
  }
}

/** The most that a process had in memory at once, in bytes; 0 for one that has gone. */
export function peakBytesOf(pid: number): number {
  return bytesNow(pid, 'VmHWM')
}

/** What a process and its children have in memory, in bytes; what they share is counted once each. */
export function residentBytesOf(pid: number): number {
  const children = readNow(`/proc/${pid}/task/${pid}/children`).split(' ').filter(Boolean).map(Number)
  return children.reduce((sum, child) => sum + residentBytesOf(child), bytesNow(pid, 'VmRSS'))
}

function bytesNow(pid: number, field: string): number {
  const [, kibibytes = 0] =
    new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(readNow(`/proc/${pid}/status`)) ?? []
  return Number(kibibytes) * 1_024
}

function readNow(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return ''
  }
}
