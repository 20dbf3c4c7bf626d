import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { openRotatingJournal, readRotatingJournal } from './rotating-journal.ts'

const root = mkdtempSync(join(tmpdir(), 'runa-recorder-'))
after(() => rmSync(root, { recursive: true }))
let folders = 0

function newFolder(): string {
  folders += 1
  return join(root, String(folders))
}

const SMALL = { filesMax: 3, fileBytesMax: 1_000 }

async function readAll(folder: string): Promise<string[]> {
  const texts: string[] = []
  for await (const { payloads } of readRotatingJournal(folder, SMALL)) {
    texts.push(...payloads.map((payload) => Buffer.from(payload).toString()))
  }
  return texts
}

const record = (number: number) => Buffer.from(`${number} ${'x'.repeat(200)}`)

test('the newest records are kept in order, in as many files as are allowed', async () => {
  const folder = newFolder()
  const journal = await openRotatingJournal(folder, SMALL)
  for (let number = 0; number < 40; number += 1) await journal.append(record(number))
  await journal.close()
  const numbers = (await readAll(folder)).map((text) => Number.parseInt(text, 10))
  assert.equal(readdirSync(folder).length, 3)
  assert.equal(numbers.at(-1), 39)
  assert.ok(numbers.length >= 8)
  assert.deepEqual(
    numbers,
    Array.from({ length: numbers.length }, (_, index) => 40 - numbers.length + index),
  )
})

test('a second opening goes on where the first one ended', async () => {
  const folder = newFolder()
  for (const number of [0, 1]) {
    const journal = await openRotatingJournal(folder, SMALL)
    await journal.append(record(number))
    await journal.close()
  }
  assert.equal((await readAll(folder)).length, 2)
  assert.deepEqual(readdirSync(folder), ['000001.journal'])
})

test('a damaged file is left as it is, and the next is begun', async () => {
  const folder = newFolder()
  const first = await openRotatingJournal(folder, SMALL)
  await first.close()
  writeFileSync(join(folder, '000001.journal'), 'this is no journal at all')
  const second = await openRotatingJournal(folder, SMALL)
  await second.append(record(7))
  await second.close()
  assert.deepEqual(readdirSync(folder), ['000001.journal', '000002.journal'])
  const damaged: boolean[] = []
  for await (const { isDamaged } of readRotatingJournal(folder, SMALL)) damaged.push(isDamaged)
  assert.deepEqual(damaged, [true, false])
})

test('a folder that cannot be made is refused by name', async () => {
  await assert.rejects(openRotatingJournal('/proc/nowhere/record'), {
    code: 'SYSTEM_CALL_FAILED',
    message: /\/proc\/nowhere\/record cannot be made/,
  })
})

test('a record that fits into no file is refused, and changes nothing', async () => {
  const folder = newFolder()
  const journal = await openRotatingJournal(folder, SMALL)
  await assert.rejects(journal.append(Buffer.alloc(2_000)), { code: 'JOURNAL_FULL' })
  await journal.append(record(1))
  await journal.close()
  assert.equal((await readAll(folder)).length, 1)
})
