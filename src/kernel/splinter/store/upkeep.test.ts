import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createTestBuses, until } from '../fixture.ts'
import { isWeak, isWorthNoting } from './decay.ts'
import type { Store } from './store.ts'

const { newBus, seat } = createTestBuses()
let now = 1_700_000_000_000
const nowMs = () => now

const path = newBus({ slotsMax: 128 })
const left = seat(path, 'left', { nowMs })
const right = seat(path, 'right', { nowMs })

interface Key {
  value: string
  labels: bigint
  orders: number
  expiresAt: number
  halfLifeMs: number
  touchedAt: number
}

const THRESHOLD = 0.25

/** What the store should do, in a map: what is past its time is gone, what has faded goes with a sweep. */
function createModel() {
  const keys = new Map<string, Key>()

  function find(name: string): Key | undefined {
    const key = keys.get(name)
    if (key && key.expiresAt !== 0 && now >= key.expiresAt) keys.delete(name)
    return keys.get(name)
  }

  /** A use is noted once that is worth a store. */
  function use(name: string): Key | undefined {
    const key = find(name)
    if (key && isWorthNoting(now - key.touchedAt, key.halfLifeMs)) key.touchedAt = now
    return key
  }

  function set(name: string, value: string): void {
    const { labels = 0n, orders = 0, halfLifeMs = 0 } = find(name) ?? {}
    keys.set(name, { value, labels, orders, halfLifeMs, expiresAt: 0, touchedAt: now })
  }

  /** The next number that no key has, which somebody may have made by its name. */
  function order(name: string, value: string): number {
    const key = use(name)
    let number = key ? key.orders + 1 : 0
    while (number > 0 && use(`${name}.${number}`)) number += 1
    set(number === 0 ? name : `${name}.${number}`, value)
    if (key) key.orders = number
    return number
  }

  function orders(name: string): string[] {
    const numbers = [...keys.keys()]
      .filter(
        (key) => key.startsWith(`${name}.`) && /^[1-9]\d*$/.test(key.slice(name.length + 1)) && find(key),
      )
      .map((key) => Number(key.slice(name.length + 1)))
    const ordered = numbers.sort((left, right) => left - right).map((number) => `${name}.${number}`)
    return find(name) ? [name, ...ordered] : ordered
  }

  return {
    find,
    use,
    set,
    order,
    orders,
    names: () => [...keys.keys()].filter(find).sort(),
    delete: (name: string) => find(name) !== undefined && keys.delete(name),
    sweep(): void {
      for (const [name, { halfLifeMs, touchedAt }] of keys) {
        if (halfLifeMs !== 0 && isWeak(now - touchedAt, { halfLifeMs, threshold: THRESHOLD }))
          keys.delete(name)
      }
    },
  }
}

type Act = (store: Store, model: ReturnType<typeof createModel>, name: string, amount: number) => void

/** What is done to store and model alike. What comes back must be the same. */
const ACTS = {
  set(store, model, name, amount) {
    store.set(name, Buffer.from(`${amount}`))
    model.set(name, `${amount}`)
  },
  append(store, model, name) {
    const key = model.use(name)
    store.append(name, Buffer.from('+'))
    if (key) key.value += '+'
    else model.set(name, '+')
  },
  get(store, model, name) {
    const value = store.get(name)
    assert.equal(value && Buffer.from(value).toString(), model.use(name)?.value)
  },
  exchange(store, model, name, amount) {
    const isStale = amount < 20
    const key = model.use(name)
    const version = isStale ? 1n : (store.head(name)?.version ?? 0n)
    const isSet = store.compareAndSet(name, version, Buffer.from(`${amount}`))
    assert.equal(isSet, !isStale)
    if (isSet) model.set(name, `${amount}`)
    else if (key) assert.equal(store.head(name)?.expiresAt, key.expiresAt || undefined)
  },
  order(store, model, name, amount) {
    const number = store.appendOrder(name, Buffer.from(`${amount}`))
    assert.equal(number, model.order(name, `${amount}`))
    assert.deepEqual(store.orders(name), model.orders(name))
  },
  delete(store, model, name) {
    assert.equal(store.delete(name), model.delete(name))
  },
  label(store, model, name, amount) {
    const key = model.use(name)
    if (key) key.labels |= 1n << BigInt(amount)
    assert.equal(store.label(name, { add: 1n << BigInt(amount) }), key?.labels ?? 0n)
    assert.equal(store.labelled(1n << BigInt(amount)).includes(name), key !== undefined)
  },
  unlabel(store, model, name, amount) {
    const key = model.use(name)
    if (key) key.labels &= ~(1n << BigInt(amount))
    assert.equal(store.label(name, { remove: 1n << BigInt(amount) }), key?.labels ?? 0n)
  },
  expire(store, model, name, amount) {
    const key = model.use(name)
    if (key) key.expiresAt = now + amount
    assert.equal(store.expire(name, amount), key !== undefined)
  },
  decay(store, model, name, amount) {
    const key = model.use(name)
    if (key) Object.assign(key, { halfLifeMs: amount, touchedAt: now })
    assert.equal(store.decay(name, { halfLifeMs: amount, threshold: THRESHOLD }), key !== undefined)
  },
  touch(store, model, name) {
    const key = model.find(name)
    if (key) key.touchedAt = now
    assert.equal(store.touch(name), key !== undefined)
  },
  sweep(store, model) {
    store.sweep()
    model.sweep()
  },
  wait(_store, _model, _name, amount) {
    now += amount
  },
} satisfies Record<string, Act>

const step = fc.record({
  act: fc.constantFrom(...(Object.keys(ACTS) as (keyof typeof ACTS)[])),
  name: fc.constantFrom('a', 'c', 'c.1', 'c.2', 'c.10'),
  by: fc.boolean(),
  amount: fc.integer({ min: 1, max: 60 }),
})

test('keys live, fade and go as in a simple model, whoever acts', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      for (const name of left.store.list()) left.store.delete(name)
      const model = createModel()
      for (const { act, name, by, amount } of steps) {
        const store = by ? left.store : right.store
        ACTS[act](store, model, name, amount)
        assert.deepEqual((by ? right : left).store.list(), model.names())
        const head = store.head(name)
        assert.equal(head?.labels, model.find(name)?.labels)
        assert.equal(head?.expiresAt, model.find(name)?.expiresAt || undefined)
      }
    }),
    { numRuns: 150 },
  )
})

test('who keeps a copy by what it is told has in the end what the store has', async () => {
  const copy = new Map<string, bigint>()
  const stop = right.store.watch({ prefix: 'c.' }, ({ key, what, version }) => {
    if (what === 'set') copy.set(key, version)
    else copy.delete(key)
  })
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      const model = createModel()
      for (const name of left.store.list()) left.store.delete(name)
      for (const { act, name, amount } of steps) ACTS[act](left.store, model, name, amount)
      left.store.sweep()
      const standing = () => left.store.list('c.').map((key) => [key, left.store.head(key)?.version])
      await until(() => isSame([...copy].sort(), standing()))
    }),
    { numRuns: 50 },
  )
  stop()
})

function isSame(copy: readonly unknown[], standing: readonly unknown[]): boolean {
  const text = (value: unknown) =>
    JSON.stringify(value, (_, item) => (typeof item === 'bigint' ? `${item}` : item))
  return text(copy) === text(standing)
}

test('a key is watched by its name, by its beginning and by a label, and by its name also where keys are hashed', async () => {
  const secret = new Uint8Array(32).fill(1)
  const hashed = newBus({ keys: 'hashed', secret })
  for (const { store } of [seat(newBus(), 'any'), seat(hashed, 'any', { secret })]) {
    const told: string[] = []
    store.set('w.1', Buffer.from('x'))
    store.label('w.1', { add: 8n })
    const ends = [store.watch({ key: 'w.1' }, ({ key, what }) => told.push(`${key} ${what}`))]
    ends.push(store.watch({ label: 3 }, ({ what }) => told.push(`label ${what}`)))
    store.delete('w.1')
    await until(() => told.length === 2)
    assert.deepEqual(told.sort(), ['label deleted', 'w.1 deleted'])
    for (const end of ends) end()
  }
})
