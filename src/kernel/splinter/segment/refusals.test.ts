import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  lchownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { after, test } from 'node:test'
import { makeFifo } from '#kernel/sys'
import { RunaError } from '#protocol'
import { attachBus, type Bus, createBus } from '../bus.ts'
import { refuseIfShared, refuseUnfit } from './place.ts'

const folder = mkdtempSync('/dev/shm/runa-refusals-test-')
after(() => rmSync(folder, { recursive: true }))

const SIZES = { sizeBytes: 2 ** 20, inboxBytes: 16_384 }
const isRoot = process.getuid?.() === 0
const ANOTHER_USER = 65_534
let buses = 0

function newPath(): string {
  buses += 1
  return join(folder, String(buses), 'bus')
}

function newBus(): string {
  const path = newPath()
  createBus({ path, ...SIZES })
  return path
}

const seats: Bus[] = []
after(() => {
  for (const seat of seats) seat.close()
})

function attach(path: string): Bus {
  const bus = attachBus(path, { name: 'test' })
  seats.push(bus)
  return bus
}

/** Mounts a small file system there and runs `work`; skips the test where that is not permitted. */
function onMounted(
  type: string,
  options: string,
  skip: (why: string) => void,
  work: (path: string) => void,
): void {
  const path = newPath()
  const place = join(path, '..')
  mkdirSync(place, { mode: 0o700 })
  const { status, stderr } = spawnSync('mount', ['-t', type, '-o', options, type, place], {
    encoding: 'utf8',
  })
  if (status !== 0) {
    skip(
      `mounting is not permitted here: run this as root, in a container with CAP_SYS_ADMIN (${stderr.trim()})`,
    )
    return
  }
  try {
    chmodSync(place, 0o700)
    work(path)
  } finally {
    spawnSync('umount', ['-l', place])
  }
}

// Words of the header: measures from the 12th on, in this order, and a check over all but the last of 32.
const MEASURES = ['membersMax', 'inboxBytes', 'topicsBytes', 'slotsMax', 'storeBytes', 'valueBytesMax']

function forge(path: string, changes: Readonly<Record<number, number>>): void {
  const file = readFileSync(path)
  for (const [word, value] of Object.entries(changes)) file.writeUInt32LE(value >>> 0, Number(word) * 4)
  let check = 0x811c_9dc5
  for (let word = 0; word < 31; word += 1) check = Math.imul(check ^ file.readInt32LE(word * 4), 0x0100_0193)
  file.writeInt32LE(check, 31 * 4)
  writeFileSync(path, file)
}

test('measures out of their bounds, and measures that do not add up, are refused, whoever made the check fit', () => {
  const path = newBus()
  const sound = readFileSync(path)
  MEASURES.forEach((name, index) => {
    const word = 12 + index
    const present = sound.readUInt32LE(word * 4)
    for (const wrong of [0, 16 * present + 1, 16 * present, 2 ** 31, 2 ** 32 - 64, 2 ** 32 - 1]) {
      writeFileSync(path, sound)
      forge(path, { [word]: wrong })
      assert.throws(() => attach(path), { code: 'BUS_CORRUPT' }, `${name} ${wrong}`)
    }
  })
  for (const [word, name] of [
    [3, 'pages'],
    [4, 'seals'],
    [5, 'keys'],
    [6, 'flags'],
    [7, 'when full'],
  ] as const) {
    writeFileSync(path, sound)
    forge(path, { [word]: 77 })
    assert.throws(() => attach(path), { code: 'BUS_CORRUPT' }, name)
  }
})

test('measures that change no size but their own region are refused with the file’s size', () => {
  const path = newBus()
  const sound = readFileSync(path)
  // What one region gains another loses: sound for arithmetic, and a bus whose parts lie elsewhere than they were written.
  forge(path, { 13: sound.readUInt32LE(13 * 4) - 4_096, 14: sound.readUInt32LE(14 * 4) + 4_096 })
  try {
    attach(path).close()
  } catch (error) {
    assert.ok(error instanceof RunaError && error.code === 'BUS_CORRUPT')
  }
})

test('a bus that nobody could attach to is not made', () => {
  const noMeasures = [{ membersMax: 33 }, { inboxBytes: Number.NaN }, { slotsMax: 1.5 }]
  for (const wrong of [...noMeasures, { seals: 'x' }, { keys: 'x' }, { whenFull: 'x' }] as object[]) {
    const path = newPath()
    assert.throws(() => createBus({ path, sizeBytes: 2 ** 22, inboxBytes: 16_384, ...wrong }), {
      code: 'BAD_INPUT',
    })
  }
})

test('a file that was cut at any page, or is longer than it says, is refused', () => {
  const path = newBus()
  const { size } = statSync(path)
  for (const length of [0, 1, 127, 128, 4_096, size - 4_096, size - 1, size + 4_096]) {
    truncateSync(path, length)
    assert.throws(() => attach(path), { code: 'BUS_CORRUPT' }, `${length} bytes`)
  }
})

test('a bus, or a folder, that belongs to somebody else is refused, and said to whom it belongs', () => {
  // Root gives one away; anybody else has root's own.
  const path = isRoot ? newBus() : '/etc/passwd'
  const squatted = isRoot ? newPath() : '/usr/bus'
  const message = isRoot ? /another user \(uid 65534\)/ : /another user \(uid 0\)|cannot be opened/
  if (isRoot) {
    chownSync(path, ANOTHER_USER, ANOTHER_USER)
    mkdirSync(dirname(squatted), { mode: 0o700 })
    chownSync(dirname(squatted), ANOTHER_USER, ANOTHER_USER)
  }
  assert.throws(() => attach(path), { code: 'BUS_FORBIDDEN', message })
  const before = readdirSync(dirname(squatted))
  assert.throws(() => createBus({ path: squatted, ...SIZES }), { code: 'BUS_FORBIDDEN', message })
  assert.deepEqual(readdirSync(dirname(squatted)), before)
})

test('a folder behind somebody else’s link is refused', () => {
  const link = dirname(newPath())
  const own = join(folder, 'own')
  mkdirSync(own, { mode: 0o700 })
  symlinkSync(own, link)
  refuseIfShared(link)
  // Only root can give a link away: anybody else looks as somebody else would.
  if (isRoot) lchownSync(link, ANOTHER_USER, ANOTHER_USER)
  const message = /link that another user made/
  assert.throws(() => refuseIfShared(link, isRoot ? 0 : ANOTHER_USER), { code: 'BUS_FORBIDDEN', message })
})

test('a bus that others may open is refused', () => {
  for (const mode of [0o640, 0o604, 0o660, 0o601]) {
    const path = newBus()
    chmodSync(path, mode)
    assert.throws(() => attach(path), { code: 'BUS_FORBIDDEN', message: /others may open it/ })
  }
})

test('what is no file stands in nobody’s way for ever: a link, a folder, a pipe', () => {
  const path = newBus()
  const moved = `${path}-moved`
  renameSync(path, moved)
  symlinkSync(moved, path)
  assert.throws(() => attach(path), { code: 'BUS_FORBIDDEN', message: /it is a link/ })
  assert.throws(() => createBus({ path, ...SIZES }), { code: 'BUS_EXISTS' })
  assert.ok(statSync(moved).size > 0)
  rmSync(path)
  mkdirSync(path)
  assert.throws(() => attach(path), { code: 'BUS_FORBIDDEN' })
  assert.throws(() => createBus({ path, ...SIZES }), { code: 'BUS_EXISTS' })
  rmSync(path, { recursive: true })
  makeFifo(path)
  assert.throws(() => attach(path), { code: 'BUS_CORRUPT', message: /no file/ })
  assert.throws(() => createBus({ path, ...SIZES }), { code: 'BUS_EXISTS' })
})

test('a file in the place of the folder is somebody’s, and stays', () => {
  const path = newPath()
  writeFileSync(join(path, '..'), 'mine')
  assert.throws(() => createBus({ path, ...SIZES }), { code: 'BUS_FORBIDDEN', message: /cannot be made/ })
  assert.equal(readFileSync(join(path, '..'), 'utf8'), 'mine')
})

test('a bus takes no other file’s place', () => {
  const path = newPath()
  mkdirSync(join(path, '..'), { mode: 0o700 })
  writeFileSync(path, 'my only diary')
  assert.throws(() => createBus({ path, ...SIZES }), { code: 'BUS_EXISTS', message: /no bus of Runa/ })
  assert.equal(readFileSync(path, 'utf8'), 'my only diary')
  writeFileSync(path, '')
  createBus({ path, ...SIZES })
})

test('what died while it made a bus leaves nothing for long', () => {
  const path = newBus()
  const dead = spawnSync('true').pid
  writeFileSync(`${path}.${dead}-1.new`, 'unfinished')
  writeFileSync(`${path}.${process.pid}-1.new`, 'being made')
  createBus({ path, ...SIZES })
  assert.deepEqual(
    readdirSync(join(path, '..')).filter((name) => name.endsWith('.new')),
    [`bus.${process.pid}-1.new`],
  )
})

test('a file system in memory that is full says so, before anything is taken', (context) => {
  onMounted('tmpfs', 'size=512k', context.skip.bind(context), (path) => {
    assert.throws(() => createBus({ path, ...SIZES }), {
      code: 'BUS_NO_SPACE',
      message: /needs \d\.\d MiB, and .* has 0\.5 MiB free/,
    })
    assert.deepEqual(readdirSync(join(path, '..')), [])
  })
})

test('a file system without a way to set room aside has it written instead', (context) => {
  onMounted('ramfs', 'mode=700', context.skip.bind(context), (path) => {
    createBus({ path, ...SIZES })
    const bus = attach(path)
    bus.store.set('key', new Uint8Array(3))
    assert.equal(bus.store.get('key')?.length, 3)
    bus.close()
  })
})

test('file systems of several machines are refused by name', () => {
  for (const [type, name] of [
    [0x6969, /NFS/],
    [0xff53_4d42, /CIFS/],
    [0xff53_4d42 | 0, /CIFS/],
    [0x6573_5546, /FUSE/],
  ] as const) {
    assert.throws(() => refuseUnfit('/there', { type }), { code: 'BUS_PLACE_UNFIT', message: name })
  }
  for (const type of [0x0102_1994, 0xef53, 0x9123_683e, 0x5846_5342]) refuseUnfit('/there', { type })
})

const LIMITED = `
const { readFileSync } = await import('node:fs')
const [, , index, limit, small, path] = process.argv
const { createBus, attachBus } = await import(index)
const { libc } = await import(new URL('../sys/libc.js', index))
attachBus(small, { name: 'warm' }).close()
const pages = Number(readFileSync('/proc/self/statm', 'latin1').split(' ')[0])
const value = limit === 'as' ? pages * 4096 + 100 * 2 ** 20 : 2 ** 20
const most = new BigUint64Array(2).fill(BigInt(value))
libc('int setrlimit(int, uint8_t*)')(limit === 'as' ? 9 : 1, new Uint8Array(most.buffer))
try {
  if (limit === 'as') attachBus(path, { name: 'test' })
  else createBus({ path, sizeBytes: 64 * 2 ** 20 })
  console.log('it was accepted')
} catch (error) {
  console.log(error.code, error.message)
}
process.exit()
`

test('a limit on the size of files, or on memory, is named for what it is', () => {
  const index = new URL('../index.js', import.meta.url).href
  const run = (limit: string, path: string) => {
    const values = ['--input-type=module', '-e', LIMITED, '--', 'x', index, limit, newBus(), path]
    const { stdout, stderr } = spawnSync(process.execPath, values, { encoding: 'utf8' })
    return stdout || stderr
  }
  const path = newPath()
  assert.match(run('fsize', path), /^BUS_NO_SPACE A file of .*may write/)
  assert.deepEqual(readdirSync(join(path, '..')), [])
  const large = newPath()
  createBus({ path: large, sizeBytes: 256 * 2 ** 20, storeBytes: 192 * 2 ** 20, slotsMax: 1_000 })
  assert.match(run('as', large), /^BUS_NO_SPACE The memory that this process may use/)
  rmSync(large)
})
