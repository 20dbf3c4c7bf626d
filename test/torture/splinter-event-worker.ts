// A process with an event loop that does one thing until it is killed: node splinter-event-worker.js ROLE BUS LEDGER LIFE
import { attachBus, type Bus } from '#kernel/splinter'
import { setParentDeathSignal } from '#kernel/sys'
import { openHandled, snapshotPath } from './splinter-handled.ts'
import { makeValue, openLedger, readValue, TOPIC } from './splinter-ledger.ts'

const [, , role = '', busPath = '', ledgerPath = '', lifeText = ''] = process.argv
const life = Number(lifeText)

setParentDeathSignal('SIGKILL')
const ledger = openLedger(ledgerPath)
const bus = attachBus(busPath, { name: `${role}-${life}` })
ledger.start(life)
if (role === 'group') handle(bus)
else await keep(bus)

function handle({ topic }: Bus): void {
  const handled = openHandled(busPath)
  topic('storm', TOPIC).subscribe(
    (message) => {
      const read = readValue(message)
      if (read) Atomics.add(handled, read.number, 1)
      else ledger.countTorn(life)
    },
    { group: 'workers' },
  )
}

async function keep({ store, snapshot }: Bus): Promise<void> {
  for (let number = 0; ; number += 1) {
    store.set(`own-${life}`, makeValue(life, number))
    await snapshot(snapshotPath(busPath, life), { replace: true })
    ledger.acknowledge(life, number)
  }
}
