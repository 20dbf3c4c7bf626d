import { dirname } from 'node:path'
import type { Admission } from './admission/admission.ts'
import { HOLDING_FDS } from './ancestry/holdings.ts'
import { createExaminer } from './diagnosis/examiner.ts'
import type { Told } from './history/history.ts'
import type { Confining } from './isolation/confining.ts'
import { endingOf } from './keeping/ending.ts'
import type { Keeper } from './keeping/keeper.ts'
import { createLauncher, endGroup, type Launch, logPath } from './keeping/launch.ts'
import { lastWords } from './keeping/log-file.ts'
import { type Supervisor, type SupervisorOptions, standsReady } from './keeping/supervisor.ts'
import { repairHere } from './own/here.ts'
import type { Realm } from './realm.ts'
import type { ServiceSpec } from './spec/spec.ts'
import { environmentOf } from './world/environment.ts'

interface InquestParts {
  readonly confining: Confining
  readonly admission: Admission
  readonly keepers: Supervisor['keepers']
  readonly tell: (told: Told) => void
}

/** How services are born, and what is found out about their deaths. */
export function inquestOf(
  realm: Realm,
  { confining, admission, keepers, tell }: InquestParts,
): Pick<SupervisorOptions, 'launch' | 'explain' | 'runRepair'> {
  const { paths, bus } = realm
  const launch = launcherOf(realm, confining, admission)
  const examiner = createExaminer({
    home: paths.home,
    folders: [paths.home, dirname(bus.path)],
    linesOf: (name, fromBytes) => lastWords(logPath(paths.logs, name), fromBytes),
    isRunning: (name) => runsIn(keepers(), name),
  })
  return {
    runRepair: repairHere(realm, tell),
    launch(spec, number) {
      const process = launch(spec, number)
      examiner.born(process)
      return process
    },
    async explain(spec, process, manner) {
      // Before anything else: what is left of a dead service is ended, and its group with it.
      const atLimit = confining.bury(spec)
      endGroup(spec, process.process)
      const examined = await examiner.examine(spec, process, { ...manner, atLimit })
      return endingOf(examined, { configPath: paths.config, program: spec.main })
    },
  }
}

function runsIn(keepers: readonly Keeper[], name: string): boolean {
  return keepers.some((keeper) => keeper.spec.name === name && standsReady(keeper))
}

function launcherOf(realm: Realm, { confine }: Confining, { requireRoom }: Admission): Launch {
  const { paths, words, secrets } = realm
  return createLauncher({
    logsFolder: paths.logs,
    worldFd: HOLDING_FDS.world,
    lifelineFd: HOLDING_FDS.lifeline,
    confine(spec, words) {
      requireRoom(spec)
      return confine(spec, words)
    },
    home: paths.home,
    environment: (spec) => environmentFor(realm, spec),
    birth: ({ name, speaks }) => ({ identity: secrets.identityOf(name), words: words.keysOf(speaks) }),
  })
}

function environmentFor({ config, bus }: Realm, spec: ServiceSpec): Record<string, string> {
  return environmentOf(spec, { config, busPath: bus.path, own: process.env })
}
