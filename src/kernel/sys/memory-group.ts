import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** The group of processes whose memory is counted, and may be limited, together: a cgroup of either version. */
export interface MemoryGroup {
  readonly version: 1 | 2
  readonly folder: string
  /** Where the hierarchy is mounted: no group lies above. */
  readonly root: string
}

export interface MemoryRoom {
  /** What programs can still get, without anything being driven out. */
  readonly freeBytes: number
  readonly totalBytes: number
  /** What sets that limit: the machine, or a group. */
  readonly limitedBy: 'machine' | 'cgroup' | 'rlimit'
}

const ROOTS = { 1: ['/sys/fs/cgroup/memory'], 2: ['/sys/fs/cgroup', '/sys/fs/cgroup/unified'] } as const
const COUNTERS = { 1: 'memory.oom_control', 2: 'memory.events' } as const
const FIELDS = {
  1: {
    limit: 'memory.limit_in_bytes',
    used: 'memory.usage_in_bytes',
    files: /^total_(?:in)?active_file (\d+)$/gm,
  },
  2: { limit: 'memory.max', used: 'memory.current', files: /^(?:in)?active_file (\d+)$/gm },
} as const

/** Undefined where no memory is counted by groups, or there is no such process. */
export function memoryGroupOf(pid: number | 'self'): MemoryGroup | undefined {
  const lines = readText(`/proc/${pid}/cgroup`).split('\n')
  for (const version of [1, 2] as const) {
    const line = lines.find((text) =>
      version === 2 ? text.startsWith('0::') : text.split(':')[1]?.split(',').includes('memory'),
    )
    const path = line?.split(':').slice(2).join(':')
    if (path === undefined) continue
    for (const root of ROOTS[version]) {
      // Inside a container, the path may be one of outside: then what is mounted is its own group.
      const folder = [join(root, path), root].find((place) => existsSync(join(place, FIELDS[version].used)))
      if (folder !== undefined) return { version, folder, root }
    }
  }
  return undefined
}

/** How many processes of the group the kernel has ended for want of memory; without a group, of the whole machine. */
export function memoryKillsIn(group: MemoryGroup | undefined): number {
  const counted = group && numberIn(readText(join(group.folder, COUNTERS[group.version])), 'oom_kill')
  return counted ?? numberIn(readText('/proc/vmstat'), 'oom_kill') ?? 0
}

/**
 * The least of what the machine, the groups around a process and its own limits leave. Files that are cached count as free,
 * also those that are mapped: whoever means to keep the weights of a model in memory takes them off.
 */
export function readMemoryRoom(pid: number | 'self' = 'self'): MemoryRoom {
  const rooms = [machineRoom(), ...groupRooms(memoryGroupOf(pid)), ...processRoom(pid)]
  return rooms.reduce((least, room) => (room.freeBytes < least.freeBytes ? room : least))
}

/** The kernel counts in KiB. */
export function parseMeminfo(text: string): { readonly totalBytes: number; readonly freeBytes: number } {
  const bytesOf = (name: string) =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1] ?? 0) * 1_024
  return { totalBytes: bytesOf('MemTotal'), freeBytes: bytesOf('MemAvailable') }
}

function machineRoom(): MemoryRoom {
  return { ...parseMeminfo(readText('/proc/meminfo')), limitedBy: 'machine' }
}

/** A limit of any group above counts as well. */
function groupRooms(group: MemoryGroup | undefined): MemoryRoom[] {
  if (!group) return []
  const { limit, used, files } = FIELDS[group.version]
  const rooms: MemoryRoom[] = []
  for (let folder = group.folder; folder.startsWith(group.root); folder = dirname(folder)) {
    const totalBytes = wholeIn(readText(join(folder, limit)))
    const usedBytes = wholeIn(readText(join(folder, used)))
    if (totalBytes === undefined || usedBytes === undefined) continue
    const cached = [...readText(join(folder, 'memory.stat')).matchAll(files)]
    const cachedBytes = cached.reduce((sum, [, bytes]) => sum + Number(bytes), 0)
    const freeBytes = Math.max(0, totalBytes - Math.max(0, usedBytes - cachedBytes))
    rooms.push({ totalBytes, freeBytes, limitedBy: 'cgroup' })
  }
  return rooms
}

/** What it starts has the same limit, and is taken to reserve as much as it does. */
function processRoom(pid: number | 'self'): MemoryRoom[] {
  const limits = readText(`/proc/${pid}/limits`)
  return PROCESS_LIMITS.flatMap(([limit, field]) => {
    const totalBytes = numberIn(limits, limit)
    if (totalBytes === undefined) return []
    const reservedBytes = (numberIn(readText(`/proc/${pid}/status`), field) ?? 0) * 1_024
    return [{ totalBytes, freeBytes: Math.max(0, totalBytes - reservedBytes), limitedBy: 'rlimit' }]
  })
}

/** As `limits` names them, and where `status` says how much of each is used. */
const PROCESS_LIMITS = [
  ['Max address space', 'VmSize:'],
  ['Max data size', 'VmData:'],
] as const

function numberIn(text: string, field: string): number | undefined {
  const [, number] = new RegExp(`^${field}\\s+(\\d+)`, 'm').exec(text) ?? []
  return number === undefined ? undefined : Number(number)
}

function wholeIn(text: string): number | undefined {
  return /^\d+\s*$/.test(text) ? Number(text) : undefined
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return ''
  }
}
