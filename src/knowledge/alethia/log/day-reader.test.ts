import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { openJournal } from '#kernel/journal'
import { createDayReader } from './day-reader.ts'
import { dayPath, LOG_SIZES } from './days.ts'

const DAY = { name: '2026-01-31', firstSequence: 5, keys: new Map() }

test('a record that is added while its day is read does not stand in the place of another', async (context) => {
  const folder = await mkdtemp(join(tmpdir(), 'runa-alethia-'))
  context.after(() => rm(folder, { recursive: true }))
  const { journal } = await openJournal(dayPath(folder, DAY.name, 'log'), LOG_SIZES)
  const links = ['a', 'b', 'c'].map((text) => Buffer.from(text))
  const reader = createDayReader(folder)
  const [first, second, third] = links as [Buffer, Buffer, Buffer]
  await journal.append(first)
  const reading = reader.read(DAY, 5)
  // Of the second the reader is told before it holds the day, of the third after.
  reader.added(DAY, 6, second)
  assert.deepEqual(await reading, first)
  await journal.append(second)
  await journal.append(third)
  reader.added(DAY, 7, third)
  assert.deepEqual(await reader.read(DAY, 6), second)
  assert.deepEqual(await reader.read(DAY, 7), third)
  await journal.close()
})
