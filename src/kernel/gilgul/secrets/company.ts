import type { LeaseEnded } from '#protocol'
import type { Chronicle } from '../chronicle.ts'
import type { HeldLease } from '../estate/estate.ts'
import { identify } from '../identity.ts'
import type { Supervisor } from '../keeping/supervisor.ts'
import { note } from '../note.ts'
import type { RunOptions } from '../realm.ts'
import type { ServiceSecrets } from './service-secrets.ts'

export interface CompanyOptions {
  readonly secrets: Pick<ServiceSecrets, 'leases' | 'join'>
  readonly supervisor: Supervisor
  /** Leaves what is held to the next gilgul. */
  readonly chronicle: Pick<Chronicle, 'leave'>
  /** Tells everybody, on the bus and off it. */
  readonly tell: (ended: LeaseEnded) => void
  readonly options: Pick<RunOptions, 'lockDown'>
}

/** Brings services and what they hold together. */
export interface Company {
  /** To be called at each change of a service: what its last process held is held no more. */
  look(): void
}

export function keepCompany({ secrets, supervisor, chronicle, tell, options }: CompanyOptions): Company {
  const { leases } = secrets
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
      if (endsAtMs === null) takeBack(lease, reason)
    },
    onChange: () => chronicle.leave(supervisor),
  })
  options.lockDown.addEventListener('abort', lock, { once: true })
  return {
    look() {
      leases.forget(({ service, pid }) => identify(pid) === undefined || ![0, pid].includes(pidOf(service)))
    },
  }
}
