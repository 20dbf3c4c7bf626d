import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { parentPid } from '#kernel/sys'
import type { EstateEntry } from '../estate/estate.ts'
import { findHolders, type Identity, isAlive, signalTo } from '../identity.ts'
import { WORLD_FD } from '../keeping/launch.ts'

/** A child that was just forked still looks like the gilgul that forked it. */
const FORK_PATIENCE_MS = 500
const LOOK_EVERY_MS = 5

/** A process that holds the world's lock, and what its environment says that it is. */
interface Holder {
  readonly process: Identity
  readonly service: string | undefined
  readonly birth: number | undefined
}

export interface Adoptees {
  /** By the name of the service: its process, and nobody else's. */
  readonly adopted: ReadonlyMap<string, Identity>
  /** Of this world, and nobody's: a second one of a service, one that is not known, what a dead one has started. */
  readonly strangers: readonly Identity[]
}

/**
 * Finds the processes of this world. What the estate names is a hint; who holds the lock's file is the truth, so that one
 * that was started in the moment of gilgul's death is found as well. One process a service: that of its last birth.
 */
export async function findAdoptees(
  lockPath: string,
  entries: Readonly<Record<string, EstateEntry>>,
): Promise<Adoptees> {
  const adopted = new Map<string, Identity>()
  const others: Identity[] = []
  const holders = await findDecided(lockPath)
  for (const { process, service, birth } of notedFirst(holders, entries)) {
    const entry = service === undefined ? undefined : entries[service]
    if (service !== undefined && birth !== undefined && entry?.birth === birth && !adopted.has(service))
      adopted.set(service, process)
    else others.push(process)
  }
  const pids = new Set([...adopted.values()].map(({ pid }) => pid))
  return { adopted, strangers: others.filter(({ pid }) => !descends(pid, pids)) }
}

/** What a program of the owner has started carries the same environment, and is not the service. */
function notedFirst(
  holders: readonly Holder[],
  entries: Readonly<Record<string, EstateEntry>>,
): readonly Holder[] {
  const isNoted = ({ process, service = '' }: Holder) => entries[service]?.process?.pid === process.pid
  return [...holders.filter(isNoted), ...holders.filter((holder) => !isNoted(holder))]
}

/** What a service has started itself may hold the lock as well. */
function descends(pid: number, ancestors: ReadonlySet<number>): boolean {
  for (let parent = parentPid(pid); parent !== undefined && parent > 1; parent = parentPid(parent)) {
    if (ancestors.has(parent)) return true
  }
  return false
}

async function findDecided(lockPath: string): Promise<Holder[]> {
  const startedMs = performance.now()
  for (;;) {
    const holders = (await findHolders(lockPath, WORLD_FD)).flatMap(describe)
    const isSettled = holders.every(({ service }) => service !== undefined)
    if (isSettled || performance.now() - startedMs > FORK_PATIENCE_MS) return holders
    await sleep(LOOK_EVERY_MS)
  }
}

/** None where it ended meanwhile. */
function describe(process: Identity): Holder[] {
  try {
    const environment = readFileSync(`/proc/${process.pid}/environ`, 'latin1').split('\0')
    const read = (name: string) =>
      environment.find((pair) => pair.startsWith(`${name}=`))?.slice(name.length + 1)
    if (!isAlive(process)) return []
    const birth = read('RUNA_SERVICE_BIRTH')
    return [
      { process, service: read('RUNA_SERVICE'), birth: birth === undefined ? undefined : Number(birth) },
    ]
  } catch {
    return isAlive(process) ? [{ process, service: undefined, birth: undefined }] : []
  }
}

/** Ends what is nobody's, at once: it might answer in a service's name. */
export function endStrangers(strangers: readonly Identity[]): void {
  for (const process of strangers) signalTo(process, 'SIGKILL')
}
