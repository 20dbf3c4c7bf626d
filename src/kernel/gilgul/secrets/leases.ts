import { randomBytes } from 'node:crypto'
import { sinceBootMs } from '#kernel/sys'
import { type LeaseEnded, RunaError } from '#protocol'
import type { HeldLease } from '../estate/estate.ts'

/** Of all services together; what is noted of them has to fit into the estate. */
const LEASES_MAX = 256
/** A timer does not run while the machine sleeps: so soon after it wakes, what ended meanwhile is told. */
const LOOK_EVERY_MS = 30_000
const ID_BYTES = 16

type LeaseWish = Pick<HeldLease, 'service' | 'secret' | 'version' | 'pid'> & {
  /** Null: for as long as that process runs. */
  readonly leaseMs: number | null
}

export interface LeasesOptions {
  /** Of the last gilgul. */
  readonly left: readonly HeldLease[]
  /** One has ended, and its holder is to be told. */
  readonly onEnd: (lease: HeldLease, reason: LeaseEnded['reason']) => void
  /** Any change of them. */
  readonly onChange: () => void
  readonly nowMs?: () => number
}

/** Who holds which secret: one lease for each secret of each service. No value is here. */
export interface Leases {
  /** Begins or renews one. Throws BUSY. */
  begin(wish: LeaseWish): HeldLease
  /** Throws BUSY where one more is too many: asked before a secret is. */
  requireRoom(service: string, secret: string): void
  all(): readonly HeldLease[]
  /** Ends those that are meant, and tells their holders. */
  end(isMeant: (lease: HeldLease) => boolean, reason: LeaseEnded['reason']): void
  /** Those whose holder is gone: there is nobody to be told. */
  forget(isGone: (lease: HeldLease) => boolean): void
  leftMs(lease: HeldLease): number | null
  close(): void
}

/**
 * A lease is counted by the time since the machine was started, which goes on while it sleeps and which nobody can set.
 * The time of day is never asked: a clock that jumps ends no lease, and prolongs none.
 */
export function createLeases({ left, onEnd, onChange, nowMs = sinceBootMs }: LeasesOptions): Leases {
  let leases: readonly HeldLease[] = left
  let timer: NodeJS.Timeout | undefined

  function change(next: readonly HeldLease[]): void {
    leases = next
    clearTimeout(timer)
    const ends = leases.flatMap(({ endsAtMs }) => endsAtMs ?? [])
    if (ends.length === 0) return
    const waitMs = Math.min(Math.max(0, Math.min(...ends) - nowMs()), LOOK_EVERY_MS)
    timer = setTimeout(look, waitMs + 1)
    timer.unref()
  }

  function look(): void {
    const now = nowMs()
    end(({ endsAtMs }) => endsAtMs !== null && endsAtMs <= now, 'expired')
    change(leases)
  }

  function end(isMeant: (lease: HeldLease) => boolean, reason: LeaseEnded['reason']): void {
    const ended = leases.filter(isMeant)
    if (ended.length === 0) return
    change(leases.filter((lease) => !ended.includes(lease)))
    onChange()
    for (const lease of ended) onEnd(lease, reason)
  }

  function requireRoom(service: string, secret: string): void {
    const isRenewal = leases.some((lease) => lease.service === service && lease.secret === secret)
    if (!isRenewal && leases.length >= LEASES_MAX) {
      throw new RunaError('BUSY', `At most ${LEASES_MAX} secrets are held at once.`)
    }
  }

  change(left)
  return {
    begin({ leaseMs, ...wish }) {
      requireRoom(wish.service, wish.secret)
      const isSame = (lease: HeldLease) => lease.service === wish.service && lease.secret === wish.secret
      const id = leases.find(isSame)?.id ?? randomBytes(ID_BYTES).toString('hex')
      const lease = { ...wish, id, endsAtMs: leaseMs === null ? null : Math.ceil(nowMs() + leaseMs) }
      change([...leases.filter((other) => !isSame(other)), lease])
      onChange()
      return lease
    },
    requireRoom,
    all: () => leases,
    end,
    forget(isGone) {
      if (!leases.some(isGone)) return
      change(leases.filter((lease) => !isGone(lease)))
      onChange()
    },
    leftMs: ({ endsAtMs }) => (endsAtMs === null ? null : Math.max(0, Math.round(endsAtMs - nowMs()))),
    close: () => clearTimeout(timer),
  }
}
