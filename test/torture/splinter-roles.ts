import { attachBus, type Bus } from '#kernel/splinter'
import { RunaError } from '#protocol'
import { KEYS_KEPT, type Ledger, makeValue, TOPIC } from './splinter-ledger.ts'

interface Life {
  readonly bus: Bus
  readonly busPath: string
  readonly ledger: Ledger
  readonly life: number
}

/** Does the thing for the number that it is given; what is done when it returns is acknowledged. */
type Role = (life: Life) => (number: number) => void

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
  publish: ({ bus, life }) => {
    const topic = bus.topic('storm', TOPIC)
    return (number) => insist(() => topic.publish(makeValue(life, number)))
  },
  attach:
    ({ busPath, life }) =>
    () =>
      attachBus(busPath, { name: `guest-${life}` }).close(),
  /** The planted fault: what it acknowledges is not yet done. */
  hasty:
    ({ bus, ledger, life }) =>
    (number) => {
      ledger.acknowledge(life, number)
      Atomics.wait(pause, 0, 0, 2)
      bus.store.set(`own-${life}`, makeValue(life, number))
    },
}

/** A lossless topic is full now and then. */
function insist(publish: () => void): void {
  for (;;) {
    try {
      publish()
      return
    } catch (error) {
      if (!(error instanceof RunaError) || error.code !== 'BUS_BACKPRESSURE') throw error
      Atomics.wait(pause, 0, 0, 0.05)
    }
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
