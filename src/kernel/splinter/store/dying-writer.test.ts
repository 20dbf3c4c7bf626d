import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createTestBuses, until } from '../fixture.ts'
import { createBells } from '../seat/bell.ts'
import { createMemberTable } from '../seat/members.ts'
import { createOwnerLocks } from '../seat/owner-lock.ts'
import { ringIfAsleep } from '../seat/pump.ts'
import { createProtection } from '../segment/privacy.ts'
import { closeSegment, openSegment } from '../segment/segment.ts'
import { createStoreParts, type KeyedParts } from './create-parts.ts'
import { createUpkeep } from './upkeep.ts'

const { newBus, seat } = createTestBuses()

/** Takes a seat, changes something and dies before it can say so: it lets go of no lock that it has then. */
function changeAndDie(path: string, change: (parts: KeyedParts) => void): void {
  const segment = openSegment(path)
  const own = createMemberTable(segment).claim('dying')
  const bells = createBells(segment.pipes)
  const protection = createProtection(path, segment.privacy, {})
  const ownLocks = createOwnerLocks(segment.words, own)
  let isDead = false
  const locks = { ...ownLocks, release: (word: number) => isDead || ownLocks.release(word) }
  const parts = createStoreParts(segment, locks, protection)
  const wiring = {
    segment,
    own,
    locks,
    protection,
    pump: { add: () => () => true, wake: () => {}, stop: () => {} },
    wakeRow: (row: number) => ringIfAsleep(segment, row, bells.ring),
    openTopic: () => ({ publish: () => {} }),
  }
  createUpkeep(wiring, {}, parts)
  parts.slots.companion = {
    ...parts.slots.companion,
    changed() {
      isDead = true
      throw new Error('dead')
    },
  }
  assert.throws(() => change(parts), /dead/)
  bells.close()
  closeSegment(segment)
}

const value = Buffer.from('value')
const deaths: Record<string, (parts: KeyedParts) => void> = {
  set: ({ entryOf }) => entryOf('a').set(value),
  append: ({ entryOf }) => entryOf('a').append(value),
  insert: ({ entryOf }) => entryOf('b').set(value),
  delete: ({ entryOf }) => entryOf('a').delete(),
}

for (const [what, die] of Object.entries(deaths)) {
  test(`whoever dies between ${what} and saying so leaves nobody in the dark`, async () => {
    const path = newBus()
    const { store } = seat(path, 'watcher')
    store.set('a', Buffer.alloc(40))
    const copy = new Map([['a', store.head('a')?.version]])
    store.watch({ prefix: '' }, ({ key, what: change, version }) => {
      if (change === 'set') copy.set(key, version)
      else copy.delete(key)
    })
    const before = new Map(copy)
    changeAndDie(path, die)
    await until(() => [...copy].join() !== [...before].join())
    assert.deepEqual(
      [...copy.keys()].sort().map((key) => [key, copy.get(key)]),
      store.list().map((key) => [key, store.head(key)?.version]),
    )
  })
}

test('what a dead member held up is made good by a sweep', () => {
  const path = newBus()
  const { store } = seat(path, 'sweeper')
  store.set('a', value)
  store.watch({ key: 'a' }, () => {})
  changeAndDie(path, ({ entryOf }) => entryOf('a').delete())
  store.sweep()
  assert.deepEqual([store.figures().keys, store.figures().blocks], [0, 0])
})
