// Uses everything of a bus that is being damaged: node bus-fuzz-worker.js BUS INDEX SEED
import { attachBus, type Bus } from '#kernel/splinter'
import { setParentDeathSignal } from '#kernel/sys'
import { createEnvelope, RunaError } from '#protocol'
import { createRandom } from './row.ts'

const [, , path = '', index = '', seed = ''] = process.argv
const TURNS_BETWEEN_WORDS = 50

setParentDeathSignal('SIGKILL')
const random = createRandom(Number(seed))
const below = (end: number) => Math.floor(random() * end)
const key = () => `key-${below(40)}`
const value = () => Buffer.alloc(below(random() < 0.1 ? 20_000 : 600), below(256))

let bus: Bus | undefined

/** Codes are what damage may end in. Anything else is a fault, and told. */
function attempt(what: string, work: () => unknown): void {
  try {
    const result = work()
    if (result instanceof Promise) result.catch((error: unknown) => tell(what, error))
  } catch (error) {
    tell(what, error)
  }
}

function tell(what: string, error: unknown): void {
  if (error instanceof RunaError) return
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
  process.stdout.write(`${what}: ${text.replaceAll('\n', ' | ')}\n`)
}

type Use = (bus: Bus) => unknown

const USES: Readonly<Record<string, Use>> = {
  set: ({ store }) => store.set(key(), value()),
  get: ({ store }) => store.get(key()),
  getInto: ({ store }) => store.getInto(key(), Buffer.alloc(32_768)),
  handle: ({ store }) => store.handle(key()).get(),
  append: ({ store }) => store.append(key(), value()),
  delete: ({ store }) => store.delete(key()),
  list: ({ store }) => store.list(),
  head: ({ store }) => store.head(key()),
  exchange: ({ store }) => store.compareAndSet(key(), store.head(key())?.version ?? 0n, value()),
  add: ({ store }) => store.add(`number-${below(4)}`, 3n),
  load: ({ store }) => store.load(`number-${below(4)}`),
  lifetime: ({ store }) => store.set(key(), value(), { timeToLiveMs: below(50) }),
  orders: ({ store }) => [store.appendOrder('order', value()), store.orders('order')],
  label: ({ store }) => store.label(key(), { add: BigInt(1 + below(1_000)) }),
  labelled: ({ store }) => store.labelled(BigInt(1 + below(1_000)), 'any'),
  sweep: ({ store }) => store.sweep(),
  figures: ({ store }) => store.figures(),
  watch: ({ store }) => store.watch({ key: key() }, () => {})(),
  publish: (seat) => seat.topic(`topic-${below(3)}`).publish(value()),
  publishLossless: (seat) => seat.topic('lossless', { lossless: true }).publish(value()),
  pull: (seat) => {
    const puller = seat.topic(`topic-${below(3)}`).pull({ from: 'oldest' })
    for (let message = 0; message < 20 && puller.next(); message += 1);
    puller.end()
  },
  send: (seat) =>
    seat.send(
      createEnvelope({
        from: seat.address,
        to: `fuzz-${below(4)}`,
        type: 'event',
        payload: { text: 'x'.repeat(below(500)) },
      }),
    ),
  sendToAll: (seat) => seat.send(createEnvelope({ from: seat.address, to: '*', type: 'event', payload: {} })),
  request: (seat) => seat.topic('asked').request(value(), { timeoutMs: 20 }),
  flush: (seat) => seat.flush(),
  members: (seat) => seat.members(),
  statistics: (seat) => seat.statistics(),
  attachAnother: () => attachBus(path, { name: `guest-${index}` }).close(),
}
const NAMES = Object.keys(USES)

function attach(): Bus {
  const seat = attachBus(path, { name: `fuzz-${index}` })
  seat.topic('topic-0').subscribe(() => {})
  seat.topic('lossless', { lossless: true }).subscribe(() => {})
  seat.topic('topic-1').subscribe(() => {}, { group: 'workers' })
  seat.topic('asked').reply((question) => question)
  seat.receive(() => {})
  seat.setState('ready')
  return seat
}

process.on('uncaughtException', (error) => tell('uncaught', error))
process.on('unhandledRejection', (error) => tell('unhandled', error))
for (let turn = 0; ; turn += 1) {
  attempt('attach', () => {
    bus ??= attach()
  })
  const name = NAMES[below(NAMES.length)] ?? 'get'
  const seat = bus
  if (seat) attempt(name, () => USES[name]?.(seat))
  if (turn % 500 === 499) {
    attempt('close', () => seat?.close())
    bus = undefined
  }
  if (turn % TURNS_BETWEEN_WORDS !== 0) continue
  process.stdout.write(`resident ${process.memoryUsage.rss()}\n`)
  await new Promise((resolve) => setImmediate(resolve))
}
