import assert from 'node:assert/strict'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import fc from 'fast-check'
import { RunaError } from '#protocol'
import { attachBus, createBus, destroyBus } from '../bus.ts'
import { until } from '../fixture.ts'
import { chooseGeometry } from './geometry.ts'

const folder = mkdtempSync('/dev/shm/runa-segment-test-')
after(() => rmSync(folder, { recursive: true }))

const path = join(folder, 'bus', 'bus')
const options = { path, sizeBytes: 2 ** 20, inboxBytes: 16_384 }
const attach = (from = path) => attachBus(from, { name: 'test' })

test('a new bus is its owner’s alone, and all of it is really there', () => {
  createBus(options)
  const { mode, size, blocks } = statSync(path)
  assert.equal(mode & 0o777, 0o600)
  assert.equal(statSync(join(folder, 'bus')).mode & 0o777, 0o700)
  assert.ok(blocks * 512 >= size && size <= 2 ** 20)
})

test('a bus that does not fit says how much it needs and how much there is, and leaves nothing behind', () => {
  const large = { ...options, path: join(folder, 'large', 'bus'), sizeBytes: 2 ** 45 }
  assert.throws(() => createBus(large), {
    code: 'BUS_NO_SPACE',
    message: /needs \d+\.\d MiB, and .* has \d+\.\d MiB free/,
  })
  assert.deepEqual(readdirSync(join(folder, 'large')), [])
  assert.throws(() => createBus({ ...options, sizeBytes: 65_536 }), { code: 'BAD_INPUT' })
})

test('only a bus is removed as one, and where there is none nothing happens', () => {
  const path = join(folder, 'removed', 'bus')
  destroyBus(path)
  mkdirSync(join(folder, 'removed'), { mode: 0o700 })
  writeFileSync(path, 'my only diary')
  assert.throws(() => destroyBus(path), { code: 'BUS_EXISTS', message: /no bus of Runa/ })
  assert.equal(readFileSync(path, 'utf8'), 'my only diary')
  rmSync(path)
  createBus({ ...options, path })
  destroyBus(path)
  assert.deepEqual(readdirSync(join(folder, 'removed')), [])
})

test('a folder that others may enter is refused', () => {
  const open = join(folder, 'open')
  mkdirSync(open, { mode: 0o755 })
  assert.throws(() => createBus({ ...options, path: join(open, 'bus') }), { code: 'BUS_FORBIDDEN' })
  assert.deepEqual(readdirSync(open), [])
})

test('no bus, another version and a stranger’s file are told apart', () => {
  const other = join(folder, 'other')
  assert.throws(() => attach(other), { code: 'NOT_RUNNING' })
  writeFileSync(other, 'my only diary', { mode: 0o600 })
  assert.throws(() => attach(other), { code: 'BUS_CORRUPT' })
  const newer = readFileSync(path)
  newer.writeInt32LE(999, 8)
  writeFileSync(other, newer)
  assert.throws(() => attach(other), { code: 'BUS_VERSION' })
  writeFileSync(other, readFileSync(path).subarray(0, 500_000))
  assert.throws(() => attach(other), { code: 'BUS_CORRUPT' })
  writeFileSync(other, readFileSync(path))
  chmodSync(other, 0o644)
  assert.throws(() => attach(other), { code: 'BUS_FORBIDDEN' })
})

test('a header that was changed anywhere is refused', () => {
  const other = join(folder, 'changed')
  const sound = readFileSync(path)
  const change = fc.record({ at: fc.nat(63), by: fc.integer({ min: 1, max: 255 }) })
  fc.assert(
    fc.property(change, ({ at, by }) => {
      const changed = Buffer.from(sound)
      changed[at] = (changed[at] ?? 0) ^ by
      writeFileSync(other, changed, { mode: 0o600 })
      try {
        attach(other)
        assert.fail('it was accepted')
      } catch (error) {
        assert.ok(error instanceof RunaError && /^BUS_(CORRUPT|VERSION)$/.test(error.code), String(error))
      }
    }),
    { numRuns: 60 },
  )
})

test('a bus has as many members as it was made for, and seats come free', () => {
  createBus({ ...options, membersMax: 2 })
  const [first, second] = [attach(), attach()]
  assert.throws(() => attach(), { code: 'BUS_FULL' })
  first.close()
  const third = attach()
  assert.notEqual(third.address, first.address)
  for (const bus of [second, third]) bus.close()
  assert.deepEqual(
    readdirSync(join(folder, 'bus')).filter((name) => name.includes('life')),
    [],
  )
})

test('a new bus takes the place of an old one', () => {
  createBus(options)
  const before = attach()
  createBus(options)
  const behind = attach()
  assert.deepEqual(
    behind.members().map(({ address }) => address),
    [behind.address],
  )
  assert.ok(existsSync(path))
  for (const bus of [before, behind]) bus.close()
})

test('the default size has room for a mebibyte in each of many inboxes', () => {
  const { membersMax, inboxBytes } = chooseGeometry(48 * 2 ** 20)
  assert.ok(membersMax >= 24 && inboxBytes > 2 ** 20)
})

test('a place where the system makes no folder is refused at once', () => {
  assert.throws(() => createBus({ path: '/proc/nowhere/bus' }), {
    code: 'BUS_FORBIDDEN',
    message: /\/proc\/nowhere cannot be made \(ENOENT\)/,
  })
})

test('members of a bus that was removed, or replaced, stay with each other', async () => {
  const name = join(folder, 'replaced', 'bus')
  const make = () => createBus({ ...options, path: name })
  make()
  const [one, other] = [attach(name), attach(name)]
  destroyBus(name)
  make()
  const [newcomer, next] = [attach(name), attach(name)]
  const heard: string[] = []
  const hear = (who: string) => () => void heard.push(who)
  other.topic('news').subscribe(hear('old'))
  next.topic('news').subscribe(hear('new'))
  other.watch(one.address, hear('death'))
  for (const [bus, count] of [
    [one, 1],
    [newcomer, 2],
  ] as const) {
    await new Promise((resolve) => setTimeout(resolve, 20))
    bus.topic('news').publish(Buffer.alloc(1))
    await until(() => heard.length >= count)
  }
  assert.deepEqual(heard, ['old', 'new'])
  one.close()
  await until(() => heard.length === 3)
  for (const bus of [other, newcomer, next]) bus.close()
  destroyBus(name)
  assert.deepEqual(readdirSync(join(folder, 'replaced')), [])
})

test('a bus that is to last is replaced on purpose alone', () => {
  const name = join(folder, 'lasting', 'bus')
  createBus({ ...options, path: name, persistent: true })
  const again = { ...options, path: name }
  for (const unsaid of [{}, { replace: true }, { persistent: true }, { persistent: false }]) {
    assert.throws(() => createBus({ ...again, ...unsaid }), { code: 'BUS_EXISTS' })
  }
  for (const persistent of [true, false]) {
    createBus({ ...again, replace: true, persistent })
    const bus = attach(name)
    assert.equal(bus.limits.persistent, persistent)
    bus.close()
  }
})
