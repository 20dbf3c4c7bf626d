import type { Supervisor } from './supervisor.ts'

/** What the bus knows about a process that is attached to it. */
export interface Seat {
  readonly pid: number
  readonly state: string
  /** Since its last heartbeat; undefined before the first. */
  readonly silentMs?: number | undefined
}

const BEAT_MS = 1_000
/** A heartbeat comes each second. One that is this old was missed. */
const MISSED_MS = 1_500
/** Looking is a walk over shared memory: it may be frequent while somebody waits for a start. */
const LOOK_WHILE_STARTING_MS = 15

/** Carries the heartbeats that lie in the shared memory of the bus to the keepers. */
export interface Pulse {
  /** Has it look more often while a service starts. To be called at each change. */
  quicken(): void
  end(): void
}

export function takePulse(supervisor: Supervisor, seats: () => readonly Seat[]): Pulse {
  let quick: NodeJS.Timeout | undefined

  function look(): void {
    const isBeating = ({ state, silentMs = MISSED_MS }: Seat) => state === 'ready' && silentMs < MISSED_MS
    const beating = new Set(
      seats()
        .filter(isBeating)
        .map(({ pid }) => pid),
    )
    for (const keeper of supervisor.keepers()) {
      const { process, state } = keeper.standing()
      // Whether it is ready is asked otherwise, where its description says so.
      if (state === 'starting' && keeper.spec.readiness !== undefined) continue
      if (process !== undefined && beating.has(process.pid)) keeper.heard()
    }
  }

  function lookQuickly(): void {
    look()
    if (supervisor.keepers().some((keeper) => keeper.standing().state === 'starting')) return
    clearInterval(quick)
    quick = undefined
  }

  const slow = setInterval(() => {
    for (const keeper of supervisor.keepers()) keeper.tick()
    look()
  }, BEAT_MS)
  return {
    quicken() {
      quick ??= setInterval(lookQuickly, LOOK_WHILE_STARTING_MS)
    },
    end() {
      clearInterval(quick)
      clearInterval(slow)
    },
  }
}
