import assert from 'node:assert/strict'
import { readFile, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { loadEmbedder } from '#kernel/embedding'
import { createWorkplace, endOf, ingestAll, itemsOf, SEA, type Workplace } from './fixture.ts'

let here: Workplace

beforeEach(async () => {
  here = await createWorkplace()
})
afterEach(() => here.clear())

test('a folder is ingested, and a search gives passages with their place in the file', async () => {
  const docs = await here.write(SEA)
  const tieto = await here.open()
  const items = await ingestAll(tieto, 'sea', docs)
  assert.deepEqual(
    itemsOf(items, 'stored').map(({ document }) => document),
    ['docs/bread.txt', 'docs/deep/ships.md', 'docs/whales.md'],
  )
  const { passages, match } = await tieto.search('sea', 'white whales')
  const [first] = passages
  assert.ok(match && first)
  assert.deepEqual([first.document, first.title, first.headings], ['docs/whales.md', 'Whales', ['Whales']])
  const bytes = await readFile(first.source)
  assert.equal(bytes.subarray(first.start, first.end).toString(), first.text)
  assert.ok(first.score <= 1 && first.bm25 > 0 && first.cosine > 0 && first.distance < 1.5)
  assert.deepEqual(first.metadata, { title: 'Whales', year: 1851, tags: ['sea'] })
})

test('an embedding that comes with the question is used, unless it is of another table', async () => {
  const embedder = await loadEmbedder()
  const tieto = await here.open({ embedder })
  await ingestAll(tieto, 'sea', await here.write(SEA))
  const cosineWith = async (model: string, vector: readonly number[]) => {
    const embedding = { model, vector: [...vector] }
    const { passages } = await tieto.search('sea', 'white whales', { embedding })
    return passages[0]?.cosine ?? 0
  }
  const own = (await tieto.search('sea', 'white whales')).passages[0]?.cosine ?? 0
  const vector = [...embedder.embed('white whales')]
  assert.equal(await cosineWith(embedder.model, vector), own)
  const opposite = vector.map((value) => -value)
  assert.ok((await cosineWith(embedder.model, opposite)) < own)
  assert.equal(await cosineWith('other:1', opposite), own)
  assert.equal(await cosineWith(embedder.model, [1]), own)
})

test('what cannot be read is skipped with its reason, and the rest is ingested', async () => {
  const docs = await here.write({
    ...SEA,
    'docs/broken.md': '---\ntitle: [open\n---\ntext',
    'docs/empty.md': '',
    'docs/image.txt': Uint8Array.of(1, 0, 2),
    'docs/latin.txt': Uint8Array.of(0x47, 0x72, 0xf6, 0xdf),
    'docs/large.txt': Buffer.alloc(8 * 2 ** 20 + 1, 'x '),
    'docs/.hidden.md': 'hidden',
    'docs/picture.png': 'no picture',
  })
  await symlink(here.folder, join(docs, 'loop'))
  const items = await ingestAll(await here.open(), 'sea', docs)
  const skipped = itemsOf(items, 'skipped').map(({ document, code }) => [document, code])
  assert.deepEqual(Object.fromEntries(skipped), {
    'docs/.hidden.md': 'DOCUMENT_IGNORED',
    'docs/loop': 'DOCUMENT_IGNORED',
    'docs/picture.png': 'DOCUMENT_IGNORED',
    'docs/broken.md': 'DOCUMENT_INVALID',
    'docs/empty.md': 'DOCUMENT_INVALID',
    'docs/image.txt': 'DOCUMENT_INVALID',
    'docs/latin.txt': 'DOCUMENT_INVALID',
    'docs/large.txt': 'DOCUMENT_TOO_LARGE',
  })
  assert.match(
    itemsOf(items, 'skipped').find(({ document }) => document.endsWith('broken.md'))?.reason ?? '',
    /line 3/,
  )
  assert.equal(endOf(items)?.stored, 3)
})

test('filters apply before the search, so that few documents are found among many', async () => {
  const tieto = await here.open()
  const texts = Array.from({ length: 200 }, (_, number) => ({
    name: `note-${number}`,
    text: `---\nnumber: ${number}\n---\nThe ship sails at noon.`,
  }))
  for (const part of [texts.slice(0, 100), texts.slice(100)]) await ingestAll(tieto, 'notes', { texts: part })
  const find = async (filter: string | Record<string, unknown>) => {
    const { passages } = await tieto.search('notes', 'ship', { filter, passagesMax: 5 })
    return passages.map(({ document }) => document).sort()
  }
  assert.deepEqual(await find('number >= 197 and not number = 198'), ['note-197', 'note-199'])
  assert.deepEqual(await find({ op: '=', field: 'document', value: 'note-7' }), ['note-7'])
  assert.deepEqual(await find('number in (1000)'), [])
  assert.equal((await find('ingested > 2000-01-01')).length, 5)
  await assert.rejects(find('number >'), { code: 'FILTER_INVALID', message: /column 9/ })
})

test('thresholds sift what was found', async () => {
  const tieto = await here.open()
  await ingestAll(tieto, 'sea', await here.write(SEA))
  const search = (options: object) => tieto.search('sea', 'the keel of a ship', options)
  const all = (await search({})).passages
  assert.ok(all.length > 1)
  const [near, far] = [all[0]?.distance ?? 0, all.at(-1)?.distance ?? 0]
  const sifted = (await search({ distanceMax: (near + far) / 2 })).passages
  assert.ok(sifted.length > 0 && sifted.every(({ distance }) => distance <= (near + far) / 2))
  assert.equal((await search({ scoreMin: 1.01 })).passages.length, 0)
})

test('a text without a file is a document by its name, and replaces itself', async () => {
  const tieto = await here.open()
  await ingestAll(tieto, 'notes', { texts: [{ name: 'shopping', text: 'Buy milk.' }] })
  await ingestAll(tieto, 'notes', { texts: [{ name: 'shopping', text: 'Buy oranges.' }] })
  const { passages } = await tieto.search('notes', 'buy')
  assert.deepEqual(
    passages.map(({ document, source, text }) => [document, source, text]),
    [['shopping', '', 'Buy oranges.']],
  )
})

test('documents of one name are told apart by more of their path', async () => {
  await here.write({ 'a/docs/x.md': 'apple', 'b/docs/x.md': 'pear', 'x.md': 'plum' })
  const tieto = await here.open()
  const [first = '', ...others] = ['a/docs', 'b/docs', 'b/docs/x.md', 'x.md'].map((path) =>
    join(here.folder, path),
  )
  await ingestAll(tieto, 'fruit', first)
  await ingestAll(tieto, 'fruit', others)
  const documents = await tieto.documents('fruit')
  assert.deepEqual(
    documents.map(({ document }) => document),
    ['b/docs/x.md', 'docs/x.md', 'x.md'],
  )
  const taken = await ingestAll(tieto, 'fruit', { texts: [{ name: 'x.md', text: 'grape' }] })
  assert.match(itemsOf(taken, 'skipped')[0]?.reason ?? '', /name is in the topic/)
})

test('a citation opens with what stands around it', async () => {
  const tieto = await here.open()
  await ingestAll(tieto, 'sea', await here.write(SEA))
  const bytes = await readFile(join(here.folder, 'docs/bread.txt'))
  const start = bytes.indexOf('flour')
  const nearby = await tieto.read(
    'sea',
    'docs/bread.txt',
    { start, end: start + 5 },
    { beforeBytes: 5, afterBytes: 9 },
  )
  assert.deepEqual([nearby.before, nearby.text, nearby.after], ['from ', 'flour', ',\r\nwater '])
  const whole = await tieto.read('sea', 'docs/bread.txt', { start: 0, end: bytes.length })
  assert.equal(whole.text, bytes.toString())
  const umlaut = bytes.indexOf('ö') + 1
  const widened = await tieto.read(
    'sea',
    'docs/bread.txt',
    { start: umlaut, end: umlaut },
    { beforeBytes: 2 },
  )
  assert.deepEqual([widened.before, widened.text, widened.start], ['r', 'ö', umlaut - 1])
  const beyond = { start: 0, end: bytes.length + 1 }
  await assert.rejects(tieto.read('sea', 'docs/bread.txt', beyond), { code: 'BAD_INPUT' })
  await assert.rejects(tieto.read('sea', 'no.txt', beyond), { code: 'DOCUMENT_UNKNOWN' })
})

test('a question that no document answers is no match, nor is one without a word', async () => {
  const tieto = await here.open()
  await ingestAll(tieto, 'sea', await here.write(SEA))
  const matches = async (query: string) => (await tieto.search('sea', query)).match
  assert.equal(await matches('What does a ship need besides a rudder?'), true)
  assert.equal(await matches('How do I reset the password of my telephone?'), false)
  assert.equal(await matches('?!'), false)
})

test('several topics are searched together', async () => {
  const tieto = await here.open()
  await ingestAll(tieto, 'one', { texts: [{ name: 'a', text: 'A whale is no fish.' }] })
  await ingestAll(tieto, 'two', { texts: [{ name: 'b', text: 'Bread and whale oil, whale bones.' }] })
  const topicsOf = async (names: string[]) => {
    const { passages } = await tieto.search(names, 'whale')
    return passages.map(({ topic }) => topic).sort()
  }
  assert.deepEqual(await topicsOf([]), ['one', 'two'])
  assert.deepEqual(await topicsOf(['one']), ['one'])
  await assert.rejects(topicsOf(['one', 'three']), { code: 'TOPIC_UNKNOWN' })
})

test('more topics than are held in memory are all found', async () => {
  const tieto = await here.open()
  const names = Array.from({ length: 20 }, (_, number) => `topic-${number}`)
  for (const name of names)
    await ingestAll(tieto, name, { texts: [{ name, text: `The number of ${name}.` }] })
  for (const name of names) assert.equal((await tieto.search(name, 'number')).passages[0]?.document, name)
  assert.equal((await tieto.search([], 'number', { passagesMax: 100 })).passages.length, 20)
  await Promise.all(
    names.map((name) => ingestAll(tieto, name, { texts: [{ name: 'two', text: 'Number two.' }] })),
  )
  assert.deepEqual(
    (await tieto.topics()).map(({ documents }) => documents),
    names.map(() => 2),
  )
})
