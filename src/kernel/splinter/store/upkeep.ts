import type { Wiring } from '../seat/wiring.ts'
import type { Channel } from '../topics/channel.ts'
import type { TopicOptions } from '../topics/topic.ts'
import type { Announcement } from './announcement-format.ts'
import { createAnnouncer } from './announcer.ts'
import { prepareLasting } from './attributes.ts'
import type { Companion } from './companion.ts'
import { toMask } from './labels.ts'
import { Lifetimes } from './lifetimes.ts'
import type { StoreParts } from './parts.ts'
import { StoreInView } from './store-in-view.ts'
import {
  KEY,
  KEY_LENGTH,
  LABELS,
  slotNumberOf,
  TYPE,
  TYPE_MASK,
  VALUE_TYPES,
  WATCHERS,
} from './store-words.ts'
import { Sweeper, sweepEvery, type TellEnd } from './sweep.ts'
import { WatchTable } from './watch-table.ts'
import { createWatches } from './watches.ts'

/** What the upkeep of keys needs of the seat that its store belongs to. */
export interface UpkeepWiring
  extends Pick<Wiring, 'segment' | 'own' | 'locks' | 'pump' | 'protection' | 'wakeRow'> {
  openTopic(name: string, options: TopicOptions): Pick<Channel, 'publish'>
}

export interface UpkeepOptions {
  /** Sweeps the store so often, as long as this member is attached: 1 to 2^31 − 1. Default: when it is asked to, or is full. */
  readonly sweepEveryMs?: number | undefined
  /** The clock by which keys end and fade, in milliseconds since 1970. All members should have the same: the default. */
  readonly nowMs?: (() => number) | undefined
}

/** How keys age, are let go of and are watched. From here on it stands beside the store. */
export function createUpkeep(
  wiring: UpkeepWiring,
  { sweepEveryMs, nowMs = Date.now }: UpkeepOptions,
  parts: StoreParts,
) {
  const { segment, pump } = wiring
  const lifetimes = new Lifetimes(segment, nowMs)
  const watchTable = new WatchTable(segment, segment.layout)
  forgetLastHolder(wiring, parts, watchTable)
  const sweeper = new Sweeper(parts, lifetimes, createTellEnd(wiring, parts, nowMs))
  const watches = createWatches(new StoreInView(wiring, parts, watchTable), pump.wake)
  const endSource = pump.add(watches)
  const endSweeps = sweepEveryMs === undefined ? () => {} : sweepEvery(sweepEveryMs, () => sweeper.sweep())
  parts.slots.companion = createCompanion(wiring, lifetimes, watchTable, sweeper)
  return {
    lifetimes,
    watchTable,
    sweep: () => sweeper.sweep(),
    watch: watches.watch,
    close(): void {
      endSweeps()
      endSource()
      watches.close()
    },
  }
}

/** Of a member that died before it could end its watches. */
function forgetLastHolder({ segment, own }: UpkeepWiring, { slots }: StoreParts, table: WatchTable): void {
  if (!table.hasBeenUsed(own.row)) return
  slots.directory.exclusively(() => {
    table.clear(own.row)
    slots.each((slot) => void Atomics.and(segment.words, slot + WATCHERS, ~(1 << own.row)))
  })
}

function createCompanion(
  { segment, wakeRow }: UpkeepWiring,
  lifetimes: Lifetimes,
  table: WatchTable,
  sweeper: Sweeper,
): Companion {
  const { words, bytes, layout } = segment

  function tellWatchers(slot: number): void {
    for (let rows = words[slot + WATCHERS] ?? 0; rows !== 0; rows &= rows - 1) {
      const row = 31 - Math.clz32(rows & -rows)
      table.mark(row, slotNumberOf(layout, slot))
      wakeRow(row)
    }
  }

  return {
    isGone: (slot) => lifetimes.isExpired(slot),
    use: (slot) => lifetimes.use(slot),
    expire: (slot, generation) => sweeper.expireNow(slot, generation),
    renew: (slot) => lifetimes.renew(slot, undefined),
    prepare: (lasting) => prepareLasting(words, lifetimes, lasting),
    describe: (slot) => lifetimes.describe(slot),
    changing: tellWatchers,
    changed: tellWatchers,
    enroll(slot) {
      const start = (slot + KEY) * 4
      const key = bytes.subarray(start, start + (words[slot + KEY_LENGTH] ?? 0))
      const rows = table.rowsThatWatch(key, words[slot + LABELS] ?? 0, words[slot + LABELS + 1] ?? 0)
      Atomics.or(words, slot + WATCHERS, rows)
    },
    makeRoom: (askingSlot) => sweeper.makeRoom(askingSlot),
  }
}

/** Announces a key that goes; one that is evicted with the value that it had. */
function createTellEnd(
  { segment, openTopic, protection }: UpkeepWiring,
  { slots, values }: StoreParts,
  nowMs: () => number,
): TellEnd {
  const { words, integers } = segment
  const announce = createAnnouncer(segment, openTopic)
  return (slot, generation, what) => {
    const key = slots.keyOf(slot, generation)
    if (!key) return true
    const announcement: Announcement = {
      what,
      at: nowMs(),
      key: key.toString(protection.hasReadableKeys ? 'utf8' : 'hex'),
      type: VALUE_TYPES[(words[slot + TYPE] ?? 0) & TYPE_MASK] ?? 'bytes',
      labels: String(toMask(Atomics.load(integers, (slot + LABELS) / 2))),
    }
    return announce(announcement, what === 'evicted' ? values.copy(slot) : undefined)
  }
}
