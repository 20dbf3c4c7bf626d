import { memoryGroupOf, memoryKillsIn, wasKilledForMemory } from '#kernel/sys'
import type { Exit, LaunchedProcess } from '../keeping/launch.ts'
import type { ServiceSpec } from '../spec/spec.ts'
import { diagnose } from './diagnose.ts'
import type { Diagnosis, Evidence, LastWords, Verdict } from './evidence.ts'
import { findFile, findModel, findPort, findRoom } from './readings.ts'
import { readWords } from './words.ts'

export interface ExaminerOptions {
  readonly home: string
  /** Where services write. */
  readonly folders: readonly string[]
  readonly linesOf: (name: string, fromBytes: number) => readonly string[]
  readonly isRunning: (name: string) => boolean
}

/** How a life ended, as far as gilgul saw it. */
export interface Manner {
  readonly exit: Exit
  readonly verdict: Verdict | undefined
  readonly wasReady: boolean
  /** What the kernel says where it ended a service, or a part of it, for its own limit. */
  readonly atLimit?: string | undefined
}

export interface Examined extends Diagnosis {
  readonly words: LastWords
  readonly evidence: Evidence
}

/** Gathers the evidence of a death, and has it judged. */
export interface Examiner {
  /** To be called at each birth: the kernel's counters are compared with what they were. */
  born(process: LaunchedProcess): void
  examine(spec: ServiceSpec, process: LaunchedProcess, manner: Manner): Promise<Examined>
}

/** Of a number of the kernel's counts of ticks a second, which is the same on all machines. */
const TICK_MS = 10

export function createExaminer(options: ExaminerOptions): Examiner {
  const ownGroup = memoryGroupOf('self')
  /** By the folder of a group: kills that were there before, or were put down to somebody already. */
  const known = new Map([[ownGroup?.folder, memoryKillsIn(ownGroup)]])
  const groups = new WeakMap<LaunchedProcess, ReturnType<typeof memoryGroupOf>>()

  function born(process: LaunchedProcess): void {
    const group = process.process && memoryGroupOf(process.process.pid)
    groups.set(process, group)
    if (!known.has(group?.folder)) known.set(group?.folder, memoryKillsIn(group))
  }

  function killsSince(process: LaunchedProcess): number {
    const group = groups.has(process) ? groups.get(process) : ownGroup
    const kills = memoryKillsIn(group)
    const before = known.get(group?.folder) ?? kills
    known.set(group?.folder, kills)
    return Math.max(0, kills - before)
  }

  return {
    born,
    async examine(spec, process, manner) {
      const words = readWords(options.linesOf(spec.name, process.logStart))
      const isForced = manner.exit.signal === 'SIGKILL' || manner.exit.code === 137
      const { pid, startTicks = 0 } = process.process ?? {}
      const evidence: Evidence = {
        ...manner,
        name: spec.name,
        isModel: spec.kind === 'model',
        words,
        memoryKills: isForced ? killsSince(process) : 0,
        kernelNamedIt: isForced && pid !== undefined && wasKilledForMemory(pid, startTicks * TICK_MS),
        needs: spec.needs.map((name) => ({ name, isRunning: options.isRunning(name) })),
        file: words.path === undefined ? undefined : findFile(words.path),
        model: modelOf(spec),
        port: await portOf(spec.name, words, options.home),
        disks: options.folders.flatMap(findRoom),
      }
      return { ...diagnose(evidence), words, evidence }
    },
  }
}

function modelOf({ kind, settings }: ServiceSpec): Evidence['model'] {
  const path = settings?.['path']
  if (kind !== 'model' || typeof path !== 'string') return undefined
  const { weightsBytes } = (settings?.['memory'] ?? {}) as { weightsBytes?: number }
  return findModel(path, weightsBytes)
}

async function portOf(
  name: string,
  { code, hint, port }: LastWords,
  home: string,
): Promise<Evidence['port']> {
  const isAboutPort = hint === 'address-in-use' || code === 'PORT_BUSY'
  return isAboutPort && port !== undefined ? await findPort(port, name, home) : undefined
}
