import type { Supervisor } from './supervisor.ts'

/** What the bus knows about a process that is attached to it. */
export interface Seat {
  readonly pid: number
  readonly state: string
  /** Since its last heartbeat; undefined before the first. */
  readonly silentMs: number | undefined
}

const BEAT_MS = 1_000
/** A heartbeat comes each second. One that is this old was missed. */
const MISSED_MS = 1_500
/** Looking is a walk over shared memory: it may be frequent while somebody waits for a start. */
const LOOK_WHILE_STARTING_MS = 15

/** Carries the heartbeats that lie in the shared memory of the bus to the keepers. Returns a function that ends it. */
export function takePulse(supervisor: Supervisor, seats: () => readonly Seat[]): () => void {
  function look(): void {
    const beating = seats().filter(
      ({ state, silentMs }) => state === 'ready' && (silentMs ?? MISSED_MS) < MISSED_MS,
    )
    for (const keeper of supervisor.keepers()) {
      const { pid } = keeper.standing()
      if (pid !== undefined && beating.some((seat) => seat.pid === pid)) keeper.heard()
    }
  }

  const isStarting = () => supervisor.keepers().some((keeper) => keeper.standing().state === 'starting')
  const quick = setInterval(() => isStarting() && look(), LOOK_WHILE_STARTING_MS)
  const slow = setInterval(() => {
    for (const keeper of supervisor.keepers()) keeper.tick()
    look()
  }, BEAT_MS)
  return () => {
    clearInterval(quick)
    clearInterval(slow)
  }
}
