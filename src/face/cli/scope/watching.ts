import {
  type Bus,
  type BusStatistics,
  findTroubles,
  type RecordedMessage,
  statisticsSince,
} from '#kernel/splinter'
import type { BusSession } from '../bus/session.ts'
import type { BusView } from './bus-page.ts'

const LOOKS_EVERY_MS = 1_000
/** Rates are of the last ten seconds: they change calmly, and show what happens now and then. */
const LOOKS_KEPT = 10

export interface Watching {
  /** What the bus did lately; undefined before the second look. */
  readonly view: BusView | undefined
  /** Why there is nothing to see; undefined where there is. */
  readonly absence: string | undefined
  end(): void
}

interface WatchingOptions {
  readonly onLook: () => void
  /** Once it says so, everybody writes down what it sends, until the end. */
  readonly wantsMessages: () => boolean
  readonly onMessage: (message: RecordedMessage) => void
}

/** Looks at a bus each second; where Runa comes back with another one, at that. */
export function watchBus(
  session: BusSession,
  { onLook, onMessage, wantsMessages }: WatchingOptions,
): Watching {
  let looks: BusStatistics[] = []
  let view: BusView | undefined
  let absence: string | undefined
  let heard: { readonly bus: Bus; readonly end: () => void } | undefined

  async function look(): Promise<void> {
    try {
      const bus = await session.seat()
      if (heard ? heard.bus !== bus : wantsMessages()) heard = { bus, end: bus.lookOn(onMessage) }
      const now = bus.statistics()
      if (looks.at(-1)?.path !== now.path) looks = []
      const [earliest] = looks
      if (earliest) view = compare(now, earliest)
      looks = [...looks, now].slice(-LOOKS_KEPT)
      absence = undefined
    } catch (error) {
      view = undefined
      looks = []
      absence = error instanceof Error ? error.message : String(error)
    }
    onLook()
  }

  let looking = look()
  const timer = setInterval(() => {
    looking = looking.then(look)
  }, LOOKS_EVERY_MS)
  return {
    get view() {
      return view
    },
    get absence() {
      return absence
    },
    end() {
      clearInterval(timer)
      heard?.end()
    },
  }
}

/** Rates and troubles are of the time between; who is behind or silent, is so now. */
export function compare(later: BusStatistics, earlier: BusStatistics): BusView {
  const since = statisticsSince(later, earlier)
  return { now: later, since, seconds: (later.at - earlier.at) / 1_000, troubles: findTroubles(since) }
}
