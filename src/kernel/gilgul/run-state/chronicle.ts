import type { Report } from '../ancestry/report.ts'
import { legacyOf } from '../estate/legacy.ts'
import { bootId, type Identity, identify } from '../identity.ts'
import type { Keeper } from '../keeping/keeper.ts'
import type { Supervisor } from '../keeping/supervisor.ts'
import { note } from '../note.ts'
import type { Realm, RunOptions } from '../realm.ts'
import { sleepsAfterMs } from '../spec/spec.ts'
import { type KeptService, type RunState, runFiles } from './run-state.ts'
import { createRunStateFile } from './run-state-file.ts'

type Address = Omit<Extract<Report, { kind: 'ready' }>, 'kind'>

/** What others learn of the services: the next gilgul, the ancestor, the log, and who reads the state file. */
export interface Chronicle {
  /** From now on, what is told is news. Before, it is what an earlier gilgul knew already. */
  begin(supervisor: Supervisor): void
  tell(supervisor: Supervisor, keeper: Keeper): void
  /** For the next gilgul. */
  leave(supervisor: Supervisor): void
  ready(supervisor: Supervisor, address: Address): void
  end(): Promise<void>
}

export function createChronicle({ report, stopping }: RunOptions, realm: Realm): Chronicle {
  const stateFile = createRunStateFile(runFiles(realm.paths).state, (error) =>
    note('state-file', String(error)),
  )
  // The parent of one whose ancestor has died is somebody else.
  const ancestor = identify(process.ppid) ?? realm.before?.ancestor ?? NOBODY
  let url = ''
  let hasBegun = false

  // Half of what an earlier gilgul left would be less than all of it.
  function leave(supervisor: Supervisor): void {
    if (!hasBegun) return
    realm.leave({
      services: legacyOf(supervisor.keepers()),
      stopping: stopping.signal.aborted,
      leases: [...realm.secrets.leases.all()],
    })
  }

  function write(supervisor: Supervisor): void {
    if (hasBegun) stateFile.update(() => ({ ...stateOf(supervisor, realm), ancestor, url }))
  }

  return {
    leave,
    begin(supervisor) {
      hasBegun = true
      leave(supervisor)
      write(supervisor)
    },
    tell(supervisor, keeper) {
      const { name } = keeper.spec
      const { state, reason } = keeper.standing()
      note(name, `${state}: ${reason}`)
      // One that comes when it is called, and goes, is no news.
      if (state === 'running' && hasBegun && sleepsAfterMs(keeper.spec) === undefined)
        report({ kind: 'progress', text: `${name} runs` })
      if (state === 'backoff' || state === 'failed') report({ kind: 'progress', text: `${name}: ${reason}` })
      leave(supervisor)
      write(supervisor)
    },
    ready(supervisor, address) {
      url = address.url
      write(supervisor)
      report({ kind: 'ready', ...address })
    },
    end: () => stateFile.remove(),
  }
}

function stateOf(supervisor: Supervisor, { bus }: Realm): Omit<RunState, 'url' | 'ancestor'> {
  const services = supervisor.keepers().map((keeper): [string, KeptService] => {
    const { process, restarts } = keeper.standing()
    return [keeper.spec.name, { process: process ?? null, restarts }]
  })
  return {
    version: 1,
    bootId: bootId(),
    bus: bus.path,
    gilgul: identify(process.pid) ?? NOBODY,
    services: Object.fromEntries(services),
  }
}

/** Of a process that has just ended: no process has it. */
const NOBODY: Identity = { pid: 0, startTicks: 0 }
