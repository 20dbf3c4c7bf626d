import assert from 'node:assert/strict'
import { link, mkdtemp, open, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { createKey } from '#kernel/seal'
import { openJournal, readJournal, replaceJournal } from './journal.ts'
import { openRecords } from './open-records.ts'
import { encodeBatch, encodeRecord, SEALED_MARK, scanRecords, startOf } from './record.ts'
import { createRecordSeal } from './record-seal.ts'
import { sealJournal } from './seal-journal.ts'

const PAYLOAD_BYTES_MAX = 256
const key = createKey()
const sealed = { key, name: 'diary' }
const seal = createRecordSeal(sealed)
const SECRET = 'the key lies under the third flower pot'

let folder: string
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'runa-sealed-'))
})
after(() => rm(folder, { recursive: true }))
const freshPath = async () => join(await mkdtemp(join(folder, 'test-')), 'diary.journal')

function fileOf(batches: readonly (readonly Uint8Array[])[]): Buffer {
  let end = startOf(SEALED_MARK)
  const written = batches.map((batch) => {
    const { bytes, end: next } = encodeBatch(batch, end, seal)
    end = next
    return bytes
  })
  return Buffer.concat([SEALED_MARK, ...written])
}

function read(file: Buffer): string[] {
  return openRecords(scanRecords(file, PAYLOAD_BYTES_MAX), seal).payloads.map(String)
}

async function append(path: string, ...texts: string[]): Promise<string[]> {
  const { journal, payloads } = await openJournal(path, { sealed })
  for (const text of texts) await journal.append(Buffer.from(text))
  await journal.close()
  return payloads.map(String)
}

/** All bytes of a folder, one file after the other. */
async function everything(path: string): Promise<string> {
  const parent = join(path, '..')
  const files = (await readdir(parent)).map((name) => readFile(join(parent, name), 'latin1'))
  return (await Promise.all(files)).join('\n')
}

test('what is appended is there after reopening, and nowhere in the file', async () => {
  const path = await freshPath()
  await append(path, SECRET, 'two')
  assert.deepEqual(await append(path, 'three'), [SECRET, 'two'])
  assert.deepEqual((await readJournal(path, { sealed })).map(String), [SECRET, 'two', 'three'])
  await replaceJournal(path, [Buffer.from(SECRET)], { sealed })
  assert.deepEqual(await append(path, 'four'), [SECRET])
  assert.deepEqual(await append(path), [SECRET, 'four'])
  assert.doesNotMatch(await everything(path), /flower/)
})

test('another key, another name, no key, or a clear file in its place: refused, and the file is as it was', async () => {
  const path = await freshPath()
  await append(path, SECRET)
  const before = await readFile(path)
  for (const options of [
    { sealed: { key: createKey(), name: 'diary' } },
    { sealed: { key, name: 'other' } },
    {},
  ]) {
    await assert.rejects(openJournal(path, options), { code: 'SEAL_BROKEN' })
    await assert.rejects(readJournal(path, options), { code: 'SEAL_BROKEN' })
  }
  assert.deepEqual(await readFile(path), before)
  await replaceJournal(path, [Buffer.from('forged')])
  await assert.rejects(openJournal(path, { sealed }), { code: 'SEAL_BROKEN' })
})

const batches = fc.array(fc.array(fc.uint8Array({ maxLength: 40 }), { minLength: 1, maxLength: 4 }), {
  minLength: 1,
  maxLength: 4,
})

test('a torn tail of any length opens to a prefix of the records', () => {
  fc.assert(
    fc.property(batches, fc.nat(), (written, cut) => {
      const file = fileOf(written)
      const found = read(file.subarray(0, cut % (file.length + 1)))
      assert.deepEqual(
        found,
        written
          .flat()
          .map((payload) => Buffer.from(payload).toString())
          .slice(0, found.length),
      )
    }),
  )
})

/** A file of these records as somebody would make it who can compute checksums, and has no key. */
function rebuild(records: readonly { payload: Buffer; continues: boolean }[]): Buffer {
  return records.reduce(
    (file: Buffer, { payload, continues }) =>
      Buffer.concat([file, encodeRecord(payload, { offset: file.length, continues })]),
    SEALED_MARK,
  )
}

test('records that are moved, repeated, left out or exchanged never pass, with the right checksums neither', () => {
  fc.assert(
    fc.property(
      batches,
      batches,
      fc.array(fc.nat(), { minLength: 1, maxLength: 12 }),
      (one, other, picks) => {
        const { records } = scanRecords(fileOf(one), PAYLOAD_BYTES_MAX)
        const strange = scanRecords(fileOf(other), PAYLOAD_BYTES_MAX).records
        const all = [...records, ...strange]
        const picked = picks.flatMap((pick) => all[pick % all.length] ?? [])
        const isPrefix = picked.every((record, index) => record === records[index])
        const isOther = picked.every((record, index) => record === strange[index])
        const forged = rebuild(picked)
        if (isPrefix || isOther) assert.equal(read(forged).length, picked.length)
        else assert.throws(() => read(forged), { code: 'SEAL_BROKEN' })
      },
    ),
  )
})

test('any flipped bit with a mended checksum is refused', () => {
  const { records } = scanRecords(fileOf([[Buffer.from('one')], [Buffer.from('two')]]), PAYLOAD_BYTES_MAX)
  for (const [index, record] of records.entries()) {
    for (let bit = 0; bit < record.payload.length * 8; bit += 1) {
      const payload = Buffer.from(record.payload)
      payload.writeUInt8(payload.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3)
      const forged = rebuild(records.map((other, place) => (place === index ? { ...other, payload } : other)))
      assert.throws(() => read(forged), { code: 'SEAL_BROKEN' })
    }
  }
})

test('a refused write leaves nothing half done, and the records after it follow what is there', async () => {
  const path = await freshPath()
  const { journal } = await openJournal(path, { sealed, sizeBytesMax: 200 })
  await journal.append(Buffer.from('fits'))
  await assert.rejects(journal.append(Buffer.alloc(150)), { code: 'JOURNAL_FULL' })
  await Promise.all([journal.append(Buffer.from('a')), journal.append(Buffer.from('b'))])
  await journal.close()
  assert.deepEqual(await append(path), ['fits', 'a', 'b'])
})

/** A journal in clear, with what may lie beside one. */
async function clearJournal(): Promise<string> {
  const path = await freshPath()
  await replaceJournal(path, [Buffer.from(SECRET), Buffer.from('two')])
  await writeFile(`${path}.torn`, `half of ${SECRET}`)
  await writeFile(`${path}.77.new`, `a copy of ${SECRET}`)
  return path
}

test('a journal in clear is sealed, and where it lay is overwritten', async () => {
  const path = await clearJournal()
  assert.match(await everything(path), /flower/, 'the search finds what is there')
  const old = await open(path)
  await sealJournal(path, { sealed })
  assert.deepEqual((await readJournal(path, { sealed })).map(String), [SECRET, 'two'])
  assert.doesNotMatch(await everything(path), /flower/)
  assert.deepEqual(await readdir(join(path, '..')), ['diary.journal'])
  const blocks = await old.readFile()
  assert.ok(blocks.length > 0 && blocks.every((byte) => byte === 0))
  await old.close()
  await sealJournal(path, { sealed })
  assert.deepEqual((await readJournal(path, { sealed })).map(String), [SECRET, 'two'])
})

test('a sealing that was killed is finished by the next one, wherever it was', async () => {
  const beforeRename = await clearJournal()
  await link(beforeRename, `${beforeRename}.clear`)
  const afterRename = await clearJournal()
  await link(afterRename, `${afterRename}.clear`)
  for (const leftover of ['torn', '77.new']) await rm(`${afterRename}.${leftover}`)
  await replaceJournal(afterRename, await readJournal(afterRename), { sealed })
  for (const path of [beforeRename, afterRename]) {
    const old = await open(`${path}.clear`)
    await sealJournal(path, { sealed })
    assert.deepEqual((await readJournal(path, { sealed })).map(String), [SECRET, 'two'])
    assert.deepEqual(await readdir(join(path, '..')), ['diary.journal'])
    assert.ok((await old.readFile()).every((byte) => byte === 0))
    await old.close()
  }
})

test('what is damaged is not sealed, and stays as it is', async () => {
  const path = await clearJournal()
  const file = await readFile(path)
  file.writeUInt8(file.readUInt8(20) ^ 1, 20)
  await writeFile(path, file)
  await assert.rejects(sealJournal(path, { sealed }), { code: 'JOURNAL_CORRUPT' })
  assert.deepEqual(await readFile(path), file)
})
