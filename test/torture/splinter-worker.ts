// A process that does one thing over and over until it is killed: node splinter-worker.js ROLE BUS LEDGER LIFE
import { attachBus, type Bus } from '#kernel/splinter'
import { setParentDeathSignal } from '#kernel/sys'
import { fillValue, KEYS_KEPT, openLedger, readValue, TOPIC, VALUE_BYTES } from './splinter-ledger.ts'

const [, , role = '', busPath = '', ledgerPath = '', lifeText = ''] = process.argv
const life = Number(lifeText)
const value = Buffer.alloc(VALUE_BYTES)

/** Each does the thing once, for the number that it is given; what is done when it returns is acknowledged. */
const ROLES: Readonly<Record<string, (bus: Bus) => (number: number) => void | Promise<void>>> = {
  set: (bus) => (number) => {
    fillValue(value, life, number)
    bus.store.set(`own-${life}`, value)
    bus.store.set('contended', value)
  },
  insert: (bus) => (number) => {
    fillValue(value, life, number)
    bus.store.set(`${life}-${number}`, value)
    if (number >= KEYS_KEPT) bus.store.delete(`${life}-${number - KEYS_KEPT}`)
  },
  count: (bus) => () => void bus.store.add('count', 1),
  publish: (bus) => {
    const topic = bus.topic('storm', TOPIC)
    return async (number) => {
      fillValue(value, life, number)
      await topic.publishWhenFree(value)
    }
  },
  attach: () => () => attachBus(busPath, { name: `guest-${life}` }).close(),
  /** The planted fault: what it acknowledges is not yet done. */
  hasty: (bus) => (number) => {
    ledger.acknowledge(life, number)
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2)
    fillValue(value, life, number)
    bus.store.set(`own-${life}`, value)
  },
}

// Nobody else would end it.
setParentDeathSignal('SIGKILL')
const ledger = openLedger(ledgerPath)
const bus = attachBus(busPath, { name: `${role}-${life}` })
if (role === 'consume') consume()
else await repeat()

async function repeat(): Promise<void> {
  const once = ROLES[role]?.(bus)
  if (once === undefined) throw new Error(`no role ${role}`)
  ledger.start(life)
  for (let number = 0; ; number += 1) {
    await once(number)
    ledger.acknowledge(life, number)
  }
}

function consume(): void {
  let expected: number | undefined
  bus.topic('storm', TOPIC).subscribe((message) => {
    const read = readValue(message)
    if (read === undefined || (expected !== undefined && read.number !== expected)) ledger.countTorn(life)
    expected = (read?.number ?? 0) + 1
  })
  ledger.start(life)
}
