import type { LeasedSecret } from '#kernel/service'
import { processExists } from '#kernel/sys'
import { type LeaseEnded, RunaError } from '#protocol'
import type { HeldLease } from '../estate/estate.ts'
import type { Keeper } from '../keeping/keeper.ts'
import type { Supervisor } from '../keeping/supervisor.ts'
import { note } from '../note.ts'
import type { Realm, RunOptions } from '../realm.ts'
import type { Chronicle } from '../run-state/chronicle.ts'
import { openProgramDoor, type ProgramDoor, programDoorPath } from './program-door.ts'

export interface CompanyOptions {
  readonly realm: Pick<Realm, 'secrets' | 'bus'>
  readonly supervisor: Supervisor
  /** Leaves what is held to the next gilgul. */
  readonly chronicle: Pick<Chronicle, 'leave'>
  /** Tells everybody on the bus. */
  readonly tell: (ended: LeaseEnded) => void
  readonly options: Pick<RunOptions, 'lockDown'>
}

/** Brings services and what they hold together. */
export interface Company {
  /** Lets programs of the owner ask, which have no seat on the bus. Rejects with SYSTEM_CALL_FAILED. */
  open(): Promise<void>
  /** To be called at each change of a service: what its last process held is held no more. */
  look(): void
  close(): Promise<void>
}

export function keepCompany({ realm, supervisor, chronicle, tell, options }: CompanyOptions): Company {
  const { secrets, bus } = realm
  const { leases } = secrets
  let door: ProgramDoor | undefined
  const keeperOf = (service: string) => supervisor.keepers().find(({ spec }) => spec.name === service)
  const pidOf = (service: string) => keeperOf(service)?.standing().process?.pid ?? 0

  /** A key that a service seals with is taken back with the memory that it lies in. */
  function takeBack({ service }: HeldLease, reason: LeaseEnded['reason']): void {
    const keeper = keeperOf(service)
    if (!keeper || reason === 'rotated') return
    void keeper.stop().then(() => reason === 'revoked' && keeper.start())
  }

  function lock(): void {
    leases.end(() => true, 'locked')
  }

  secrets.join({
    pidOf,
    onEnd(lease, reason) {
      const { id, service, secret, endsAtMs } = lease
      if (reason !== 'expired') note('secrets', `what ${service} held of ${secret} has ended: ${reason}`)
      tell({ lease: id, service, reason })
      door?.tell({ lease: id, service, reason })
      if (endsAtMs === null) takeBack(lease, reason)
    },
    onChange: () => chronicle.leave(supervisor),
  })
  options.lockDown.addEventListener('abort', lock, { once: true })
  async function lease(service: string, name: string): Promise<LeasedSecret> {
    if (!secrets.give) throw new RunaError('SECRETS_MISSING')
    const given = await secrets.give(service, name)
    return { ...given, lease: given.lease?.id }
  }

  function programOf(pid: number): string | undefined {
    const isIt = ({ spec, standing }: Keeper) => spec.command !== undefined && standing().process?.pid === pid
    return supervisor.keepers().find(isIt)?.spec.name
  }

  return {
    async open() {
      if (!supervisor.keepers().some(({ spec }) => spec.command !== undefined)) return
      const path = programDoorPath(bus.path)
      door = await openProgramDoor({
        path,
        lease,
        serviceOf: programOf,
        note: (text) => note('secrets', text),
      })
    },
    async close() {
      leases.close()
      await door?.close()
    },
    look() {
      leases.forget(({ service, pid }) => !processExists(pid) || ![0, pid].includes(pidOf(service)))
    },
  }
}
