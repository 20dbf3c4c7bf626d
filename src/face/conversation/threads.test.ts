import assert from 'node:assert/strict'
import { appendFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, beforeEach, test } from 'node:test'
import fc from 'fast-check'
import { openJournal, readJournal } from '#kernel/journal'
import { type AnswerRecord, createUuidV7 } from '#protocol'
import { openThreads, type ThreadLimits } from './threads.ts'
import { titleOf } from './title.ts'

const root = await mkdtemp(join(tmpdir(), 'runa-threads-'))
let folder: string
after(() => rm(root, { recursive: true }))
beforeEach(async () => {
  folder = await mkdtemp(join(root, 'test-'))
})

function recordOf(thread: string, question: string, at = 1): AnswerRecord {
  return {
    ...{ id: createUuidV7(), thread, at, question, answer: 'So.', reason: 'stop', persona: 'default' },
    ...{
      citations: [],
      notices: [],
      passages: [],
      prompt: [],
      manner: { mode: 'default', settings: [] },
      verdicts: [],
      sampling: {},
    },
    model: { id: 'm', engine: 'llama', digest: '' },
    usage: { promptTokens: 1, completionTokens: 1 },
    timings: { searchMs: 0, firstTokenMs: 0, totalMs: 0 },
  }
}

/** Threads with these questions, each in a thread of its own. */
async function threadsWith(questions: readonly string[], limits: Partial<ThreadLimits> = {}) {
  const threads = await openThreads(folder, limits)
  const ids: string[] = []
  for (const [index, question] of questions.entries()) {
    const id = createUuidV7(index + 1)
    threads.claim(id, true)()
    await threads.append(id, recordOf(id, question, index))
    ids.push(id)
  }
  return { threads, ids }
}

test('what was appended is there after opening again', async () => {
  const { threads, ids } = await threadsWith(['Why?', 'How?'])
  const [first = ''] = ids
  await threads.append(first, recordOf(first, 'And then?', 9))
  const again = await openThreads(folder)
  assert.deepEqual(again.list(), threads.list())
  assert.deepEqual(
    again.list().map(({ title, turns }) => [title, turns]),
    [
      ['Why?', 2],
      ['How?', 1],
    ],
  )
  const { records } = await again.read(first)
  assert.deepEqual(
    records.map(({ question }) => question),
    ['Why?', 'And then?'],
  )
  assert.equal(again.threadOf(records[1]?.id ?? ''), first)
})

test('a removed thread is gone from the disk, also when its answer comes afterwards', async () => {
  const { threads, ids } = await threadsWith(['Why?'])
  const [id = ''] = ids
  const release = threads.claim(id, false)
  const late = threads.append(id, recordOf(id, 'Too late?'))
  await threads.remove(id)
  await assert.rejects(late, { code: 'THREAD_UNKNOWN' })
  await assert.rejects(threads.append(id, recordOf(id, 'Later still?')), { code: 'THREAD_UNKNOWN' })
  release()
  assert.deepEqual(threads.list(), [])
  await assert.rejects(threads.read(id), { code: 'THREAD_UNKNOWN' })
  assert.deepEqual(await readdir(folder), [])
})

test('what a torn write had left of a thread goes with it', async () => {
  const { threads, ids } = await threadsWith(['Why?'])
  const [id = ''] = ids
  await appendFile(join(folder, `${id}.journal`), 'half of a secret')
  await threads.append(id, recordOf(id, 'And then?'))
  assert.deepEqual(await readdir(folder), [`${id}.journal`, `${id}.journal.torn`])
  await threads.remove(id)
  assert.deepEqual(await readdir(folder), [])
})

test('a thread of records that only a newer version knows is left alone', async () => {
  const path = join(folder, `${createUuidV7()}.journal`)
  const { journal } = await openJournal(path)
  await journal.append(Buffer.from('{"kind":"summary"}'))
  await journal.close()
  assert.deepEqual((await openThreads(folder)).list(), [])
  assert.equal((await readJournal(path)).length, 1)
})

test('a damaged thread is set aside and named, and the others are there', async () => {
  const { ids } = await threadsWith(['Why?', 'How?'])
  const [damaged = ''] = ids
  const path = join(folder, `${damaged}.journal`)
  await writeFile(path, `not a journal ${await readFile(path, 'latin1')}`)
  await writeFile(join(folder, `${createUuidV7()}.journal`), 'RUNAJNL\x01', 'latin1')
  const threads = await openThreads(folder)
  assert.deepEqual(
    threads.list().map(({ title }) => title),
    ['How?'],
  )
  assert.deepEqual(
    threads.faults.map(({ file }) => file),
    [`${path}.damaged`],
  )
  assert.ok((await readdir(folder)).includes(`${damaged}.journal.damaged`))
})

test('a thread takes one turn at a time', async () => {
  const { threads, ids } = await threadsWith(['Why?'])
  const [id = ''] = ids
  const release = threads.claim(id, false)
  assert.throws(() => threads.claim(id, false), { code: 'BUSY' })
  release()
  threads.claim(id, false)()
  assert.throws(() => threads.claim(createUuidV7(), false), { code: 'THREAD_UNKNOWN' })
})

test('full threads and a full number of threads say so before anybody waits for an answer', async () => {
  const { threads, ids } = await threadsWith(['Why?', 'How?'], { threadsMax: 3, turnsMax: 1 })
  assert.throws(() => threads.claim(ids[0] ?? '', false), { code: 'JOURNAL_FULL' })
  threads.claim(createUuidV7(), true)
  assert.throws(() => threads.claim(createUuidV7(), true), { code: 'THREADS_FULL' })
})

test('a thread file at its limit says so and keeps what it has', async () => {
  const { threads, ids } = await threadsWith(['Why?'], { sizeBytesMax: 1_000 })
  const [id = ''] = ids
  await assert.rejects(threads.append(id, recordOf(id, 'w'.repeat(1_000))), { code: 'JOURNAL_FULL' })
  assert.equal((await threads.read(id)).records.length, 1)
})

test('more threads on the disk than the limit allows: the newest are shown, and the rest is told', async () => {
  const { ids } = await threadsWith(['One', 'Two', 'Three'])
  const threads = await openThreads(folder, { threadsMax: 2 })
  assert.deepEqual(
    threads.list().map(({ id }) => id),
    ids.slice(1).reverse(),
  )
  assert.match(threads.faults[0]?.message ?? '', /oldest 1 /)
  assert.equal((await readdir(folder)).length, 3)
})

test('a title is the question, or its first words', () => {
  assert.equal(titleOf('  How do\n I start? '), 'How do I start?')
  assert.match(titleOf('word '.repeat(40)), /^(word )*word…$/)
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (question) => {
      assert.ok([...titleOf(question)].length <= 61)
      assert.doesNotMatch(titleOf(question), /\n/)
    }),
  )
})
