import assert from 'node:assert/strict'
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { loadEmbedder } from '#kernel/embedding'
import { replaceFile } from '#kernel/journal'
import { createWorkplace, endOf, ingestAll, itemsOf, SEA, type Workplace } from './fixture.ts'

let here: Workplace

beforeEach(async () => {
  here = await createWorkplace()
})
afterEach(() => here.clear())

test('a second ingest does only what changed', async () => {
  const docs = await here.write(SEA)
  const tieto = await here.open()
  await ingestAll(tieto, 'sea', docs)
  assert.deepEqual(endOf(await ingestAll(tieto, 'sea', docs)), {
    ...{ kind: 'end', stored: 0, unchanged: 3, skipped: 0, removed: 0, chunks: 0 },
  })
  await here.write({ 'docs/bread.txt': 'Bread needs salt.' })
  await rm(join(docs, 'deep'), { recursive: true })
  const items = await ingestAll(await here.open(), 'sea', docs)
  assert.deepEqual(itemsOf(items, 'stored'), [{ kind: 'stored', document: 'docs/bread.txt', chunks: 1 }])
  assert.deepEqual(itemsOf(items, 'removed'), [{ kind: 'removed', document: 'docs/deep/ships.md' }])
  const { passages } = await (await here.open()).search('sea', 'rudder yeast salt', { mode: 'bm25' })
  assert.deepEqual(
    passages.map(({ text }) => text),
    ['Bread needs salt.'],
  )
})

test('a document that can no longer be read keeps its older version', async () => {
  const docs = await here.write(SEA)
  const tieto = await here.open()
  await ingestAll(tieto, 'sea', docs)
  await here.write({ 'docs/bread.txt': '' })
  assert.equal(endOf(await ingestAll(tieto, 'sea', docs))?.skipped, 1)
  assert.equal((await tieto.search('sea', 'yeast', { mode: 'bm25' })).passages.length, 1)
})

test('a path that does not exist changes nothing, not even the list of topics', async () => {
  const docs = await here.write(SEA)
  const tieto = await here.open()
  await assert.rejects(ingestAll(tieto, 'sea', { paths: [docs, join(here.folder, 'nowhere')] }), {
    code: 'FILE_NOT_FOUND',
  })
  await assert.rejects(ingestAll(tieto, '../sea', docs), { code: 'BAD_INPUT' })
  await ingestAll(tieto, 'empty', { texts: [{ name: 'void', text: ' ' }] })
  assert.deepEqual(await tieto.topics(), [])
  await assert.rejects(tieto.search('empty', 'x'), { code: 'TOPIC_UNKNOWN' })
})

test('a damaged file is named and left out, the rest is found, and another ingest mends it', async () => {
  const docs = await here.write(SEA)
  await ingestAll(await here.open(), 'sea', docs)
  const files = (await readdir(join(here.topics, 'sea'))).filter((name) => name.startsWith('whales'))
  const path = join(here.topics, 'sea', files[0] ?? '')
  const bytes = await readFile(path)
  for (const damaged of [bytes.subarray(0, bytes.length - 5), Buffer.alloc(0)]) {
    await writeFile(path, damaged)
    const tieto = await here.open()
    const name = damaged.length > 0 ? 'docs/whales.md' : files[0]
    assert.deepEqual((await tieto.topics())[0]?.damaged, [name])
    assert.equal((await tieto.search('sea', 'keel')).passages[0]?.document, 'docs/deep/ships.md')
    assert.deepEqual(itemsOf(await ingestAll(tieto, 'sea', docs), 'stored').length, 1)
    assert.deepEqual((await tieto.topics())[0]?.damaged, [])
    assert.equal((await tieto.search('sea', 'whale')).passages[0]?.document, 'docs/whales.md')
  }
  await writeFile(path, 'nonsense')
  const tieto = await here.open()
  assert.deepEqual(await tieto.remove('sea', files[0]), { documents: 1, chunks: 0 })
  assert.deepEqual((await (await here.open()).topics())[0]?.damaged, [])
})

test('wherever an ingest is interrupted, the next one ends as if nothing had been', async () => {
  const docs = await here.write(SEA)
  for (let survived = 0; survived <= 2; survived += 1) {
    await rm(here.topics, { recursive: true, force: true })
    let writes = 0
    const failing = async (path: string, content: Uint8Array | string) => {
      writes += 1
      if (writes > survived) throw Object.assign(new Error('no space left'), { code: 'ENOSPC' })
      await replaceFile(path, content)
    }
    const full = await here.open({ replaceFile: failing })
    await assert.rejects(ingestAll(full, 'sea', docs), { code: 'DISK_FULL' })
    const stored = (await full.topics()).map(({ documents }) => documents)
    assert.deepEqual(stored, survived === 0 ? [] : [survived])
    const tieto = await here.open()
    assert.equal(endOf(await ingestAll(tieto, 'sea', docs))?.stored, 3 - survived)
    assert.equal((await readdir(join(here.topics, 'sea'))).length, 3)
  }
})

test('what a dead writer left behind is cleared away', async () => {
  const docs = await here.write(SEA)
  await ingestAll(await here.open(), 'sea', docs)
  await writeFile(join(here.topics, 'sea', `x.jsonl.${2 ** 30}.new`), 'half')
  await mkdir(join(here.topics, '.removed-1'))
  const tieto = await here.open()
  assert.equal((await tieto.topics())[0]?.documents, 3)
  assert.deepEqual(await readdir(here.topics), ['sea'])
  assert.equal((await readdir(join(here.topics, 'sea'))).length, 3)
})

test('removing takes effect at once, also on the disk', async () => {
  const tieto = await here.open()
  await ingestAll(tieto, 'sea', await here.write(SEA))
  assert.deepEqual(await tieto.remove('sea', 'docs/whales.md'), { documents: 1, chunks: 1 })
  assert.deepEqual((await tieto.search('sea', 'whale', { mode: 'bm25' })).passages, [])
  assert.equal((await (await here.open()).documents('sea')).length, 2)
  await assert.rejects(tieto.remove('sea', 'docs/whales.md'), { code: 'DOCUMENT_UNKNOWN' })
  assert.deepEqual(await tieto.remove('sea'), { documents: 2, chunks: 2 })
  assert.deepEqual(await readdir(here.topics), [])
  await assert.rejects(tieto.remove('sea'), { code: 'TOPIC_UNKNOWN' })
})

test('who asks about all topics while one is removed hears of the others', async () => {
  const tieto = await here.open()
  for (const topic of ['air', 'sea']) await ingestAll(tieto, topic, await here.write(SEA))
  // Without anything in memory, so that the answer has to look at the disk once more.
  const fresh = await here.open()
  const [topics, found] = await Promise.all([fresh.topics(), fresh.search([], 'whale'), tieto.remove('sea')])
  assert.ok(topics.some(({ name }) => name === 'air'))
  assert.ok(found.passages.some(({ topic }) => topic === 'air'))
})

test('topics that memory has no room for are counted without being read again, until they change', async () => {
  const tieto = await here.open()
  const names = Array.from({ length: 20 }, (_, number) => `topic-${number}`)
  const text = { name: 'note', text: 'The tide turns twice a day.' }
  for (const name of names) await ingestAll(tieto, name, { texts: [text] })
  const before = await tieto.topics()
  assert.equal(before.length, names.length)
  for (const name of names) {
    for (const file of await readdir(join(here.topics, name))) {
      await writeFile(join(here.topics, name, file), 'read again')
    }
  }
  assert.deepEqual(await tieto.topics(), before)
  await ingestAll(tieto, 'topic-0', { texts: [{ ...text, name: 'another' }] })
  const [changed] = await tieto.topics()
  assert.equal(changed?.documents, 1)
  assert.equal(changed?.damaged.length, 1)
})

test('an ingest that is cancelled keeps what it reported, and searches go on meanwhile', async () => {
  const tieto = await here.open()
  const abort = new AbortController()
  const stored: string[] = []
  const cancelled = (async () => {
    for await (const item of tieto.ingest('sea', await here.write(SEA), abort.signal)) {
      if (item.kind !== 'stored') continue
      stored.push(item.document)
      assert.equal((await tieto.search('sea', 'bread')).passages[0]?.document, 'docs/bread.txt')
      abort.abort(new Error('enough'))
    }
  })()
  await assert.rejects(cancelled, { message: 'enough' })
  assert.deepEqual(stored, ['docs/bread.txt'])
  assert.equal((await (await here.open()).documents('sea')).length, 1)
})

test('changes of one topic wait for one another', async () => {
  const tieto = await here.open()
  const docs = await here.write(SEA)
  const both = await Promise.all([ingestAll(tieto, 'sea', docs), ingestAll(tieto, 'sea', docs)])
  const ends = both.map(endOf).map((end) => [end?.stored, end?.unchanged])
  // Which of them found its files first is nobody's business.
  assert.deepEqual(ends.sort(), [
    [0, 3],
    [3, 0],
  ])
})

test('vectors of another model are made anew, and stored at the next ingest', async () => {
  const docs = await here.write(SEA)
  const embedder = await loadEmbedder()
  const other = { ...embedder, model: 'other:1', embed: () => new Float32Array(embedder.dimensions) }
  await ingestAll(await here.open({ embedder: other }), 'sea', docs)
  const tieto = await here.open()
  assert.ok(((await tieto.search('sea', 'white whale')).passages[0]?.cosine ?? 0) > 0.3)
  assert.equal(endOf(await ingestAll(tieto, 'sea', docs))?.stored, 3)
  assert.equal(endOf(await ingestAll(tieto, 'sea', docs))?.unchanged, 3)
})
