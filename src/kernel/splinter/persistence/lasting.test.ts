import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { createKey } from '#kernel/seal'
import { attachBus, type Bus, createBus } from '../bus.ts'

const folder = mkdtempSync(join(tmpdir(), 'runa-lasting-test-'))
const children: ChildProcess[] = []
after(() => {
  for (const child of children) child.kill('SIGKILL')
  rmSync(folder, { recursive: true })
})

const SIZES = { sizeBytes: 2 ** 21, inboxBytes: 16_384, storeBytes: 2 ** 19, slotsMax: 64 }

/** Writes until it is killed: each value is one byte over and over, so that a torn one shows. */
const WRITER = `
const [, index, path, name] = process.argv
const { attachBus } = await import(index)
const { store } = attachBus(path, { name })
const value = Buffer.alloc(20_000)
process.stdout.write('.')
for (let round = 0; ; round += 1) {
  const key = 'key-' + (round % 7)
  const length = (round * 977) % value.length
  value.fill(round & 0xff, 0, length)
  if (round % 11 === 3) store.delete(key)
  else store.set(key, value.subarray(0, length))
  store.add('rounds', 1n)
}
`

async function startWriter(path: string, name: string): Promise<ChildProcess> {
  const index = new URL('../index.js', import.meta.url).href
  const values = ['--input-type=module', '-e', WRITER, index, path, name]
  const child = spawn(process.execPath, values, { stdio: ['ignore', 'pipe', 'inherit'] })
  children.push(child)
  await once(child.stdout, 'data')
  return child
}

async function kill(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL')
  await once(child, 'exit')
}

/** Every value that is there is whole. */
function assertWhole({ store }: Bus): void {
  for (const key of store.list('key-')) {
    const value = store.get(key) ?? new Uint8Array()
    assert.ok(
      value.every((byte) => byte === value[0]),
      `${key} is torn`,
    )
  }
}

test('when all who have it are killed, a lasting bus goes on where it was', async () => {
  const path = join(folder, 'killed', 'bus')
  createBus({ path, persistent: true, ...SIZES })
  let rounds = 0n
  for (let life = 0; life < 3; life += 1) {
    const writers = await Promise.all(['a', 'b'].map((name) => startWriter(path, name)))
    const seat = attachBus(path, { name: 'reader' })
    const begun = seat.store.load('rounds')
    while (seat.store.load('rounds') < begun + 50n) await new Promise((resolve) => setTimeout(resolve, 1))
    rounds = seat.store.load('rounds')
    seat.close()
    await Promise.all(writers.map(kill))
    const after = attachBus(path, { name: 'after' })
    assert.equal(after.recovered, undefined)
    assert.ok(after.store.load('rounds') >= rounds)
    assertWhole(after)
    after.close()
  }
})

test('a copy that was made while others wrote is looked through, and holds whole values only', async () => {
  const path = join(folder, 'copied', 'bus')
  createBus({ path, persistent: true, ...SIZES })
  const still = attachBus(path, { name: 'still' })
  still.store.set('left alone', Buffer.from('since before'))
  const writer = await startWriter(path, 'writer')
  for (let copy = 0; copy < 15; copy += 1) {
    const copied = `${path}-${copy}`
    copyFileSync(path, copied)
    const seat = attachBus(copied, { name: 'reader' })
    assert.ok(seat.recovered)
    assertWhole(seat)
    assert.equal(Buffer.from(seat.store.get('left alone') ?? []).toString(), 'since before')
    assert.equal(seat.store.list().length, seat.recovered.keys)
    seat.store.set('more', Buffer.alloc(9_000))
    seat.close()
    rmSync(copied)
  }
  await kill(writer)
  still.close()
})

test('two that come at once to a bus that nobody vouches for look through it once', async () => {
  const path = join(folder, 'together', 'bus')
  createBus({ path, persistent: true, ...SIZES })
  const copied = `${path}-copy`
  copyFileSync(path, copied)
  const writers = await Promise.all(['a', 'b', 'c'].map((name) => startWriter(copied, name)))
  const seat = attachBus(copied, { name: 'reader' })
  assert.equal(seat.recovered, undefined)
  assert.equal(seat.members().length, 4)
  await Promise.all(writers.map(kill))
  seat.close()
})

test('who takes a seat is never called as somebody was before the power cut, or on another bus of that secret', () => {
  const secret = createKey()
  const addresses = new Set<string>()
  for (let made = 0; made < 20; made += 1) {
    const path = join(folder, 'addresses', `${made}`, 'bus')
    createBus({ path, persistent: made % 2 === 0, seals: 'everything', secret, ...SIZES })
    const copied = `${path}-copy`
    if (made % 2 === 0) copyFileSync(path, copied)
    for (const at of made % 2 === 0 ? [path, copied] : [path]) {
      const bus = attachBus(at, { name: 'a', secret })
      addresses.add(bus.address)
      bus.close()
    }
  }
  // Drawn from four million: that two of 30 are the same has a chance of one in ten thousand.
  assert.ok(addresses.size >= 29)
})

test('a private lasting bus opens with its secret in another life, and what was sealed before is read', async () => {
  const path = join(folder, 'private', 'bus')
  const secret = createKey()
  createBus({ path, persistent: true, seals: 'everything', keys: 'hashed', secret, ...SIZES })
  for (let life = 0; life < 4; life += 1) {
    const bus = attachBus(path, { name: `life-${life}`, secret })
    for (let before = 0; before < life; before += 1) {
      const value = bus.store.get(`life-${before}`)
      assert.equal(Buffer.from(value ?? []).toString(), `words of life ${before}`)
    }
    bus.store.set(`life-${life}`, Buffer.from(`words of life ${life}`))
    await bus.flush()
    bus.close()
  }
  assert.throws(() => attachBus(path, { name: 'eve', secret: createKey() }), { code: 'BUS_KEY_WRONG' })
  const copied = `${path}-copy`
  copyFileSync(path, copied)
  const found = attachBus(copied, { name: 'found', secret })
  assert.deepEqual([found.recovered?.keys, found.recovered?.lostKeys], [4, 0])
  assert.equal(Buffer.from(found.store.get('life-2') ?? []).toString(), 'words of life 2')
  found.close()
})
