import { readdir, readFile, readlink } from 'node:fs/promises'

export interface PortHolder {
  readonly pid: number
  readonly name: string
}

const LISTENING = '0A'

/** Which process listens on a TCP port. Undefined where nobody does, or where this user may not look into it. */
export async function findPortHolder(port: number): Promise<PortHolder | undefined> {
  const tables = await Promise.all(['tcp', 'tcp6'].map((name) => readText(`/proc/net/${name}`)))
  const links = new Set(
    tables.flatMap((table) => listenersOf(table, port)).map((inode) => `socket:[${inode}]`),
  )
  if (links.size === 0) return undefined
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    if (!(await hasOpen(pid, links))) continue
    return { pid: Number(pid), name: (await readText(`/proc/${pid}/comm`)).trim() }
  }
  return undefined
}

/** Inodes of the sockets of a table of proc(5) that listen on `port`. */
function listenersOf(table: string, port: number): string[] {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  const rows = table.split('\n').map((line) => line.trim().split(/\s+/))
  const listening = rows.filter(([, local, , state]) => state === LISTENING && local?.endsWith(suffix))
  return listening.flatMap((fields) => fields[9] ?? [])
}

async function hasOpen(pid: string, links: ReadonlySet<string>): Promise<boolean> {
  const folder = `/proc/${pid}/fd`
  for (const fd of await readdir(folder).catch(() => [])) {
    if (links.has(await readlink(`${folder}/${fd}`).catch(() => ''))) return true
  }
  return false
}

async function readText(path: string): Promise<string> {
  return await readFile(path, 'latin1').catch(() => '')
}
