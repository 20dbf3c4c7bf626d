import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import fc from 'fast-check'
import { VALUE_TYPES } from '../store/store-words.ts'
import { openSnapshot, writeSnapshot } from './snapshot-file.ts'
import { DIGEST_BYTES, type SnapshotHead, type SnapshotRecord } from './snapshot-format.ts'

const folder = mkdtempSync(join(tmpdir(), 'runa-snapshot-test-'))
after(() => rmSync(folder, { recursive: true }))
const file = join(folder, 'snapshot')

const bytes = (minLength: number, maxLength: number) =>
  fc.uint8Array({ minLength, maxLength }).map((array) => Buffer.from(array))
const time = fc.double({ min: 0, noNaN: true, noDefaultInfinity: true })
const state = {
  key: bytes(1, 96),
  labels: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  orders: fc.nat(),
  writes: fc.nat(),
  expiresAt: time,
  touchedAt: time,
  halfLifeMs: time,
  threshold: time,
}
const record: fc.Arbitrary<SnapshotRecord> = fc.oneof(
  fc.record(
    {
      ...state,
      type: fc.constantFrom(...VALUE_TYPES.filter((type) => type !== 'integer')),
      value: fc.option(bytes(0, 500), { nil: undefined }),
      integer: fc.constant(0n),
    },
    { noNullPrototype: true },
  ),
  fc.record(
    {
      ...state,
      type: fc.constant('integer' as const),
      value: fc.constant(undefined),
      integer: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    },
    { noNullPrototype: true },
  ),
)
const head: SnapshotHead = {
  madeAt: 1_700_000_000_000,
  privacy: { seals: 'words', keys: 'uuid', proof: new Uint8Array(16).fill(7) },
}

async function readAll(from: string): Promise<{ head: SnapshotHead; records: SnapshotRecord[] }> {
  const opened = await openSnapshot(from)
  const records: SnapshotRecord[] = []
  for await (const each of opened.records()) {
    records.push({ ...each, key: Buffer.from(each.key), value: each.value && Buffer.from(each.value) })
  }
  await opened.close()
  return { head: opened.head, records }
}

/** As somebody would who changes a snapshot and makes its digest fit again. */
function withDigest(content: Buffer): Buffer {
  return Buffer.concat([content, createHash('sha256').update(content).digest()])
}

test('what is written is read again, each key with all that it has', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(record, { maxLength: 20 }), async (records) => {
      const figures = await writeSnapshot(file, head, records, { replace: true })
      assert.equal(figures.keys, records.length)
      assert.equal(figures.sizeBytes, statSync(file).size)
      assert.deepEqual(await readAll(file), { head, records })
    }),
    { numRuns: 40 },
  )
  assert.equal(statSync(file).mode & 0o777, 0o600)
  assert.deepEqual(readdirSync(folder), ['snapshot'])
})

test('values larger than what is read at a time come out whole', async () => {
  const large = { ...fc.sample(record, 1)[0], type: 'bytes', integer: 0n } as SnapshotRecord
  const records = [1, 2 ** 20, 3 * 2 ** 20 + 5, 0].map((length, index) => ({
    ...large,
    value: Buffer.alloc(length, index + 1),
  }))
  await writeSnapshot(file, head, records, { replace: true })
  assert.deepEqual((await readAll(file)).records, records)
})

test('any changed byte, anything cut and anything added is refused', async () => {
  await writeSnapshot(file, head, fc.sample(record, { numRuns: 3, seed: 7 }), { replace: true })
  const sound = readFileSync(file)
  const damaged = join(folder, 'damaged')
  const refuse = async (content: Uint8Array, what: string) => {
    writeFileSync(damaged, content)
    const isRefusal = ({ code }: { code: string }) => /^SNAPSHOT_(BROKEN|VERSION)$/.test(code)
    await assert.rejects(openSnapshot(damaged), isRefusal, what)
  }
  for (let at = 0; at < sound.length; at += 1) {
    const changed = Buffer.from(sound)
    changed[at] = (changed[at] ?? 0) ^ 0x41
    await refuse(changed, `byte ${at}`)
  }
  for (let length = 0; length < sound.length; length += 7) {
    await refuse(sound.subarray(0, length), `${length} bytes`)
  }
  await refuse(Buffer.concat([sound, Buffer.alloc(1)]), 'one byte more')
  await assert.rejects(openSnapshot(join(folder, 'none')), { code: 'FILE_NOT_FOUND' })
})

test('what is changed together with its digest is a refusal or a snapshot, and never the end of the process', async () => {
  await writeSnapshot(file, head, fc.sample(record, { numRuns: 4, seed: 11 }), { replace: true })
  const content = readFileSync(file).subarray(0, -DIGEST_BYTES)
  const damaged = join(folder, 'forged')
  const change = fc.tuple(fc.nat(content.length - 1), fc.nat(255))
  const edit = fc.record({
    changes: fc.array(change, { minLength: 1, maxLength: 4 }),
    keep: fc.option(fc.nat(content.length)),
  })
  await fc.assert(
    fc.asyncProperty(edit, async ({ changes, keep }) => {
      const changed = Buffer.from(content)
      for (const [at, byte] of changes) changed[at] = byte
      writeFileSync(damaged, withDigest(changed.subarray(0, keep ?? content.length)))
      await readAll(damaged).catch(({ code }: { code: string }) => {
        assert.match(code, /^SNAPSHOT_(BROKEN|VERSION)$/)
      })
    }),
    { numRuns: 150 },
  )
})

test('a file that is no snapshot is not written over', async () => {
  const diary = join(folder, 'diary')
  writeFileSync(diary, 'my only diary')
  await assert.rejects(writeSnapshot(diary, head, [], { replace: true }), { code: 'BUS_EXISTS' })
  assert.equal(readFileSync(diary, 'utf8'), 'my only diary')
})

test('a snapshot of another version is refused by its name', async () => {
  await writeSnapshot(file, head, [], { replace: true })
  const content = readFileSync(file).subarray(0, -DIGEST_BYTES)
  content.writeUInt32LE(2, 8)
  writeFileSync(file, withDigest(content))
  await assert.rejects(openSnapshot(file), { code: 'SNAPSHOT_VERSION', message: /format 2/ })
  rmSync(file)
})

test('a snapshot takes the place of another one on purpose alone, and of nothing else', async () => {
  const target = join(folder, 'kept')
  await writeSnapshot(target, head, [])
  const before = readFileSync(target)
  await assert.rejects(writeSnapshot(target, { ...head, madeAt: 1 }, []), {
    code: 'BUS_EXISTS',
    message: /`replace`/,
  })
  assert.deepEqual(readFileSync(target), before)
  await writeSnapshot(target, { ...head, madeAt: 1 }, [], { replace: true })
  assert.notDeepEqual(readFileSync(target), before)
  await assert.rejects(writeSnapshot(folder, head, [], { replace: true }), {
    code: 'BUS_EXISTS',
    message: /no file/,
  })
  await assert.rejects(writeSnapshot(join(folder, 'nowhere', 'kept'), head, []), { code: 'FILE_NOT_FOUND' })
  await assert.rejects(writeSnapshot(join(target, 'kept'), head, []), { code: 'FILE_NOT_FOUND' })
  await assert.rejects(openSnapshot(folder), { code: 'SNAPSHOT_BROKEN', message: /no file/ })
})
