import { readFileSync, rmdirSync } from 'node:fs'
import { join } from 'node:path'
import { readLimits, setLimit } from './group-limits.ts'
import { type Controller, type GroupTree, makeGroup, tryWrite, wordsOf } from './group-tree.ts'
import type { Limits } from './settings.ts'

/** What the kernel says of the group of a service. */
interface GroupState {
  /** What is in force. */
  readonly limits: Limits
  /** Processes that it has ended since the group was made, since they would have gone beyond the limit of memory. */
  readonly memoryKills: number
  /** The most that it ever used at once; undefined where the kernel does not tell. */
  readonly memoryPeakBytes: number | undefined
}

/** Groups of processes with limits of the kernel: one a service, with all that it starts. */
export interface Groups {
  readonly version: 1 | 2
  /** Makes one, and sets its limits. */
  make(name: string, limits: Limits): MadeGroup
  /** Undefined where there is none. */
  look(name: string): GroupState | undefined
  /** Ends by force whoever is left in it, and removes it. */
  end(name: string): void
}

interface MadeGroup {
  /** Who writes 0 into each of these, and is in none of them yet, is in the group from then on. */
  readonly doors: readonly string[]
  /** The limits that could not be set. */
  readonly missing: readonly (keyof Limits)[]
}

const SWEEPS_MAX = 100
const SWEEP_EVERY_MS = 20

/** `digest`: of the home, so that two Runas have two folders. */
export function createGroups({ version, folders }: GroupTree, digest: string): Groups {
  const parentOf = (controller: Controller) => {
    const folder = folders[controller]
    return folder === undefined ? undefined : join(folder, `runa-${digest}`)
  }
  const controllers = (Object.keys(folders) as Controller[]).sort()
  /** What is left of groups that were ended, by name. */
  const leaving = new Map<string, NodeJS.Timeout>()
  const placesOf = (name: string) => [...new Set(controllers.map((one) => join(parentOf(one) ?? '', name)))]
  const filesOf = (name: string) => (controller: Controller, file: string) =>
    join(parentOf(controller) ?? '/nowhere', name, file)

  /** Who was ended by force is gone a moment later, and only then the group can be removed. */
  function sweep(name: string, sweeps: number): void {
    const places = placesOf(name).filter(isGroup)
    for (const place of places) endGroup(place)
    for (const place of places) for (const folder of [place, join(place, '..')]) tryRemove(folder)
    if (sweeps === SWEEPS_MAX || !places.some(isGroup)) return
    leaving.set(name, setTimeout(() => sweep(name, sweeps + 1), SWEEP_EVERY_MS).unref())
  }

  return {
    version,
    make(name, limits) {
      clearTimeout(leaving.get(name))
      const places = placesOf(name).filter((place) => passOn(place) && makeGroup(place))
      const asked = Object.entries(limits) as [keyof Limits, number | undefined][]
      const missing = asked.filter(
        ([limit, value]) => value !== undefined && !setLimit(version, filesOf(name), limit, value),
      )
      return {
        doors: places.map((place) => join(place, 'cgroup.procs')),
        missing: missing.map(([limit]) => limit),
      }
    },
    look(name) {
      if (!placesOf(name).some((place) => isGroup(place))) return undefined
      const fileOf = filesOf(name)
      const events = fileOf('memory', version === 2 ? 'memory.events' : 'memory.oom_control')
      const peak = fileOf('memory', version === 2 ? 'memory.peak' : 'memory.max_usage_in_bytes')
      const [peakBytes] = wordsOf(peak).map(Number)
      return {
        limits: readLimits(version, filesOf(name)),
        memoryKills: countIn(events, 'oom_kill'),
        memoryPeakBytes: peakBytes,
      }
    },
    end: (name) => sweep(name, 0),
  }

  /** With version 2, the folder of this Runa has to hand the controllers on as well. */
  function passOn(place: string): boolean {
    const parent = join(place, '..')
    if (!makeGroup(parent)) return false
    if (version === 2) {
      tryWrite(join(parent, 'cgroup.subtree_control'), controllers.map((one) => `+${one}`).join(' '))
    }
    return true
  }
}

function isGroup(place: string): boolean {
  try {
    readFileSync(join(place, 'cgroup.procs'))
    return true
  } catch {
    return false
  }
}

function countIn(path: string, field: string): number {
  const words = wordsOf(path)
  return Number(words[words.indexOf(field) + 1] ?? 0) || 0
}

/** cgroup.kill is there from Linux 5.14 on, with version 2. */
function endGroup(place: string): void {
  if (tryWrite(join(place, 'cgroup.kill'), '1')) return
  for (const pid of wordsOf(join(place, 'cgroup.procs'))) tryKill(Number(pid))
}

function tryKill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has just ended.
  }
}

/** Not while a process in it is still going: then the next one of that name uses it again. */
function tryRemove(folder: string): void {
  try {
    rmdirSync(folder)
  } catch {
    // It is not empty, or gone.
  }
}
