import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

/** One of the kernel's tables of sockets, a line each: local and remote address in hexadecimal, and the inode. */
const TABLES = ['tcp', 'tcp6', 'udp', 'udp6', 'raw', 'raw6', 'udplite', 'udplite6'] as const

/** 127.0.0.0/8, ::1 and no address at all, as the tables write them: four bytes at a time, the last one first. */
const LOOPBACK = /^(?:[0-9A-F]{6}7F|0{24}01000000|0+|0{16}FFFF0000[0-9A-F]{6}7F)$/

/**
 * The sockets of a process that reach, or can be reached from, beyond this machine: `tcp 00000000:1F90 00000000:0000`.
 * Nothing for a process that has ended.
 */
export function socketsBeyondLoopback(pid: number): string[] {
  const own = new Set(inodesOf(pid))
  if (own.size === 0) return []
  return TABLES.flatMap((table) =>
    linesOf(`/proc/${pid}/net/${table}`).flatMap((line) => {
      const fields = line.trim().split(/\s+/)
      const [, local = '', remote = ''] = fields
      if (!own.has(fields[9] ?? '')) return []
      const isListening = /:0000$/.test(remote)
      const addresses = [remote, local].map((address) => address.replace(/:.*$/, ''))
      const isAnywhere = isListening && /^0+$/.test(addresses[1] ?? '')
      return !isAnywhere && addresses.every((address) => LOOPBACK.test(address))
        ? []
        : [`${table} ${local} ${remote}`]
    }),
  )
}

function inodesOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => inodeOf(`/proc/${pid}/fd/${fd}`))
  } catch {
    return []
  }
}

function inodeOf(path: string): string[] {
  try {
    return /^socket:\[(\d+)\]$/.exec(readlinkSync(path))?.slice(1) ?? []
  } catch {
    // It was closed meanwhile.
    return []
  }
}

function linesOf(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').trim().split('\n').slice(1)
  } catch {
    return []
  }
}
