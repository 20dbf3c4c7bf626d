import { attachBus, type Bus } from '#kernel/splinter'
import { RunaError } from '#protocol'
import { createRandom } from './row.ts'
import { createRecorder } from './splinter-history.ts'
import {
  KEYS_KEPT,
  type Ledger,
  LOG_ENTRIES,
  makeEntry,
  makeValue,
  readValue,
  TOPIC,
} from './splinter-ledger.ts'

interface Life {
  readonly bus: Bus
  readonly busPath: string
  readonly ledger: Ledger
  readonly life: number
}

/** Does the thing for the number that it is given; what is done when it returns is acknowledged. */
type Role = (life: Life) => (number: number) => void

export const EXCHANGED = 'exchanged'
const pause = new Int32Array(new SharedArrayBuffer(4))

const ROLES: Readonly<Record<string, Role>> = {
  set:
    ({ bus, life }) =>
    (number) => {
      const value = makeValue(life, number)
      bus.store.set(`own-${life}`, value)
      bus.store.set('contended', value)
    },
  insert:
    ({ bus, life }) =>
    (number) => {
      bus.store.set(`${life}-${number}`, makeValue(life, number))
      if (number >= KEYS_KEPT) bus.store.delete(`${life}-${number - KEYS_KEPT}`)
    },
  count:
    ({ bus }) =>
    () =>
      void bus.store.add('count', 1n),
  append:
    ({ bus, life }) =>
    (number) => {
      const key = `log-${life}`
      const entry = makeEntry(life, number)
      if (number % LOG_ENTRIES === 0) bus.store.set(key, entry)
      else bus.store.append(key, entry)
    },
  exchange:
    ({ bus }) =>
    () =>
      countByVersions(bus),
  sweep:
    ({ bus, life }) =>
    (number) => {
      // Keys of a millisecond may still fill the store when sweepers are slow.
      refusing('STORE_FULL', () =>
        bus.store.set(`short-${life}-${number}`, makeValue(life, number), { timeToLiveMs: 1 }),
      )
      bus.store.sweep()
    },
  consume: ({ bus, ledger, life }) => {
    const puller = bus.topic('storm', TOPIC).pull()
    let expected: number | undefined
    return () => {
      puller.waitSync({ timeoutMs: 20 })
      for (let message = puller.next(); message; message = puller.next()) {
        const read = readValue(message)
        if (read === undefined || (expected !== undefined && read.number !== expected)) ledger.countTorn(life)
        expected = (read?.number ?? 0) + 1
      }
    }
  },
  publish: ({ bus, life }) => {
    const topic = bus.topic('storm', TOPIC)
    return (number) => topic.publishSync(makeValue(life, number))
  },
  attach:
    ({ busPath, life }) =>
    () =>
      attachBus(busPath, { name: `guest-${life}` }).close(),
  record: ({ bus, busPath, life }) => createRecorder(bus, busPath, life, createRandom(life)),
  /** The planted fault: sometimes it reads what was there before. */
  stale: ({ bus, busPath, life }) => createRecorder(bus, busPath, life, createRandom(life), true),
  /** The planted fault: what it acknowledges is not yet done. */
  hasty:
    ({ bus, ledger, life }) =>
    (number) => {
      ledger.acknowledge(life, number)
      Atomics.wait(pause, 0, 0, 2)
      bus.store.set(`own-${life}`, makeValue(life, number))
    },
}

function refusing(code: string, work: () => void): void {
  try {
    work()
  } catch (error) {
    if (!(error instanceof RunaError) || error.code !== code) throw error
  }
}

/** Counts in a value, which is exchanged only where nobody else did meanwhile. */
function countByVersions(bus: Bus): void {
  for (;;) {
    const version = bus.store.head(EXCHANGED)?.version ?? 0n
    const count = bus.store.get(EXCHANGED)
    if (count === undefined && version !== 0n) continue
    const next = Buffer.alloc(8)
    next.writeBigInt64LE((count ? Buffer.from(count).readBigInt64LE() : 0n) + 1n)
    if (bus.store.compareAndSet(EXCHANGED, version, next)) return
  }
}

/** Does one thing over and over, until it is killed. */
export function work(role: string, busPath: string, ledger: Ledger, life: number): void {
  const toDo = ROLES[role]
  if (toDo === undefined) throw new Error(`no role ${role}`)
  ledger.start(life)
  const bus = attachBus(busPath, { name: `${role}-${life}` })
  const once = toDo({ bus, busPath, ledger, life })
  for (let number = 0; ; number += 1) {
    const startedMs = performance.now()
    once(number)
    ledger.acknowledge(life, number)
    ledger.noteStall(life, (performance.now() - startedMs) * 1_000)
  }
}
