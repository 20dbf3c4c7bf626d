import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { access, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { call, createMemoryTransports, listen, serve } from '#kernel/service'
import { tietoContract } from '#protocol'
import { createTietoHandlers } from './service.ts'
import { Tieto } from './tieto.ts'

const root = await mkdtemp(join(tmpdir(), 'runa-tieto-service-'))
after(() => rm(root, { recursive: true }))

async function openService() {
  const [serverSide, callerSide] = createMemoryTransports()
  const folder = await mkdtemp(join(root, 'test-'))
  const tieto = await Tieto.open(folder, { onChange: (topic) => service.emit('changed', { topic }) })
  const service = serve(tietoContract, createTietoHandlers(tieto, join(folder, 'kept')), serverSide)
  return { service, tieto: call(tietoContract, callerSide), callerSide, folder }
}

const NOTE = { name: 'tides', text: '---\nyear: 1900\n---\nThe tide turns twice a day.' }

test('documents go in and passages come out over the contract, and the change is announced', async () => {
  const { tieto, callerSide, service } = await openService()
  const changed: string[] = []
  listen(tietoContract, callerSide, { changed: ({ topic }) => changed.push(topic) })
  const kinds: string[] = []
  for await (const { kind } of tieto.ingest({ topic: 'sea', texts: [NOTE] })) kinds.push(kind)
  assert.deepEqual(kinds, ['progress', 'stored', 'end'])
  assert.deepEqual(changed, ['sea'])
  const { passages, match } = await tieto.search({ topics: ['sea'], query: 'tide', filter: 'year = 1900' })
  assert.ok(match)
  const { document = '', start = 0, end = 0, digest } = passages[0] ?? {}
  const read = await tieto.read({ topic: 'sea', document, start, end })
  assert.equal(read.before, '---\nyear: 1900\n---\n')
  const whole = createHash('sha256').update(NOTE.text).digest('hex')
  assert.deepEqual([digest, read.digest], [whole, whole])
  assert.equal((await tieto.documents({ topic: 'sea', limit: 1 })).total, 1)
  assert.deepEqual(await tieto.remove({ topic: 'sea', document }), { documents: 1, chunks: 1 })
  assert.deepEqual((await tieto.topics({})).topics[0]?.documents, 0)
  await service.stop()
})

test('what Runa kept of a document goes with it, and a file of the person stays', async () => {
  const { tieto, service, folder } = await openService()
  const [kept, own] = [join(folder, 'kept/sea'), join(folder, 'own.md')]
  await mkdir(kept, { recursive: true })
  const files = [join(kept, 'a.md'), join(kept, 'b.md'), own]
  for (const path of files) await writeFile(path, 'The tide turns twice a day.')
  for await (const _ of tieto.ingest({ topic: 'sea', paths: files }));
  const { documents } = await tieto.documents({ topic: 'sea' })
  const first = documents.find(({ source }) => source.endsWith('a.md'))
  await tieto.remove({ topic: 'sea', document: first?.document })
  assert.deepEqual(await readdir(kept), ['b.md'])
  await tieto.remove({ topic: 'sea' })
  await assert.rejects(access(kept), { code: 'ENOENT' })
  await access(own)
  await service.stop()
})

test('what Runa kept goes with its document also where the home is reached by a link', async () => {
  const { tieto, service, folder } = await openService()
  const real = await mkdtemp(join(root, 'real-'))
  await symlink(real, join(folder, 'kept'))
  await writeFile(join(real, 'a.md'), 'The tide turns twice a day.')
  for await (const _ of tieto.ingest({ topic: 'sea', paths: [join(folder, 'kept/a.md')] }));
  await tieto.remove({ topic: 'sea' })
  await assert.rejects(access(join(real, 'a.md')), { code: 'ENOENT' })
  await service.stop()
})

test('an answer that would not fit into a message leaves out the weakest', async () => {
  const { tieto, service } = await openService()
  const texts = Array.from({ length: 60 }, (_, number) => ({
    name: `note ${number}`,
    text: `---\nlong: ${'x'.repeat(30_000)}\n---\nThe tide turns.`,
  }))
  for (const part of [texts.slice(0, 20), texts.slice(20, 40), texts.slice(40)]) {
    for await (const { kind } of tieto.ingest({ topic: 'sea', texts: part })) assert.notEqual(kind, 'skipped')
  }
  const { passages } = await tieto.search({ query: 'tide', passagesMax: 60 })
  const { documents, total } = await tieto.documents({ topic: 'sea' })
  assert.ok(passages.length > 10 && passages.length < 60)
  assert.ok(documents.length > 10 && documents.length < 60 && total === 60)
  await service.stop()
})

test('what goes wrong crosses with its code', async () => {
  const { tieto, service } = await openService()
  const nowhere = tieto.ingest({ topic: 'sea', paths: ['/nowhere/at/all'] })
  await assert.rejects(nowhere.next(), { code: 'FILE_NOT_FOUND' })
  await assert.rejects(tieto.search({ topics: ['sea'], query: 'tide' }), { code: 'TOPIC_UNKNOWN' })
  await assert.rejects(tieto.search({ query: 'tide', filter: 'year' }), { code: 'FILTER_INVALID' })
  await assert.rejects(tieto.read({ topic: '..', document: 'x', start: 0, end: 1 }), { code: 'BAD_INPUT' })
  await service.stop()
})
