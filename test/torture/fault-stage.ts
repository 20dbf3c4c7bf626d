import { closeSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { FailureCause, ServiceState } from '#protocol'
import { createExaminer } from '../../src/kernel/gilgul/diagnosis/examiner.ts'
import { endingOf } from '../../src/kernel/gilgul/keeping/ending.ts'
import { createLauncher, logPath } from '../../src/kernel/gilgul/keeping/launch.ts'
import { lastWords } from '../../src/kernel/gilgul/keeping/log-file.ts'
import type { RestartPolicy } from '../../src/kernel/gilgul/keeping/restarts.ts'
import { createSupervisor, type Supervisor } from '../../src/kernel/gilgul/keeping/supervisor.ts'
import type { ServiceSpec } from '../../src/kernel/gilgul/spec/spec.ts'

const WORKER = fileURLToPath(new URL('fault-worker.js', import.meta.url))
const BEAT_MS = 100

/** As in Runa, but that nobody waits for long. */
const RESTART: RestartPolicy = {
  pauseFirstMs: 20,
  pauseMaxMs: 200,
  healthyMs: 60_000,
  deathsMax: 4,
  windowMs: 60_000,
  failedStartsMax: 3,
}

/** Services of gilgul, with its own launcher, keepers and examiner; what they say of being alive lies in files. */
export interface FaultStage {
  readonly supervisor: Supervisor
  state(name: string): ServiceState
  cause(name: string): FailureCause | undefined
  /** Whether it was ever said of the service. */
  wasTold(name: string, what: RegExp): boolean
  /** How often a process of it was started. */
  starts(name: string): number
  until(isSo: () => boolean, withinMs: number): Promise<boolean>
  close(): Promise<void>
}

export function faultSpec(name: string, folder: string, changes: Partial<ServiceSpec> = {}): ServiceSpec {
  const { environment, ...others } = changes
  return {
    ...{ name, kind: 'service', main: WORKER, needs: [], speaks: [], secrets: [], nodeFlags: [] },
    ...{ readyMs: 4_000, missedBeatsMax: 12, stopMs: 1_000, restart: RESTART },
    ...others,
    environment: { FOLDER: folder, ...environment },
  }
}

/** `disk`: another place where services write, if they do. */
export function createFaultStage(
  folder: string,
  specs: readonly ServiceSpec[],
  disk: string = folder,
): FaultStage {
  const worldFd = openSync(join(folder, 'world'), 'a+')
  const lifelineFd = openSync('/dev/null', 'r')
  const launch = createLauncher({
    ...{ home: folder, logsFolder: folder, worldFd, lifelineFd },
    environment: ({ name }) => ({ PATH: process.env['PATH'] ?? '', RUNA_HOME: folder, RUNA_SERVICE: name }),
    birth: () => ({ words: new Map(), identity: undefined }),
    confine: (_, words) => ({ words, environment: {} }),
  })
  const examiner = createExaminer({
    ...{ home: folder, folders: [...new Set([folder, disk])] },
    linesOf: (name, fromBytes) => lastWords(logPath(folder, name), fromBytes),
    isRunning: (name) => supervisor.find(name).standing().state === 'running',
  })
  const told = new Map<string, string[]>()
  const causes = new Map<string, FailureCause>()
  const starts = new Map<string, number>()
  const supervisor = createSupervisor({
    specs,
    launch(spec, number) {
      const process = launch(spec, number)
      examiner.born(process)
      starts.set(spec.name, number)
      return process
    },
    async explain(spec, process, manner) {
      const examined = await examiner.examine(spec, process, manner)
      return endingOf(examined, { configPath: join(folder, 'runa.yaml'), program: spec.main })
    },
    shrink: () => undefined,
    onChange(name) {
      const { reason, trouble } = supervisor.find(name).standing()
      told.set(name, [...(told.get(name) ?? []), reason])
      if (trouble) causes.set(name, trouble.cause)
    },
  })
  const stopBeating = beat(supervisor, folder)
  return {
    supervisor,
    state: (name) => supervisor.find(name).standing().state,
    cause: (name) => causes.get(name),
    wasTold: (name, what) => (told.get(name) ?? []).some((reason) => what.test(reason)),
    starts: (name) => starts.get(name) ?? 0,
    async until(isSo, withinMs) {
      const startedMs = performance.now()
      while (!isSo()) {
        if (performance.now() - startedMs > withinMs) return false
        await sleep(10)
      }
      return true
    },
    async close() {
      await supervisor.stop()
      stopBeating()
      for (const fd of [worldFd, lifelineFd]) closeSync(fd)
    },
  }
}

/** As the pulse of gilgul does: a beat that is new is a sign of life, and each round without one is silence. */
function beat(supervisor: Supervisor, folder: string): () => void {
  const last = new Map<string, string>()
  const timer = setInterval(() => {
    for (const keeper of supervisor.keepers()) {
      keeper.tick()
      const { name } = keeper.spec
      const said = readBeat(join(folder, `${name}.beat`))
      const isNews = said !== '' && said !== last.get(name)
      last.set(name, said)
      if (isNews && said.startsWith(`${keeper.standing().process?.pid} `)) keeper.heard()
    }
  }, BEAT_MS)
  return () => clearInterval(timer)
}

function readBeat(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return ''
  }
}
