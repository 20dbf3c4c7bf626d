import assert from 'node:assert/strict'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { RunaError } from '#protocol'
import { LIMITS } from './limits.ts'
import { withHouse } from './stand-in-house.ts'
import { standInServices, withFolder } from './stand-ins.ts'
import { safeFileName, tidyUploads } from './uploads.ts'

test('whatever a file is called, it stays in its folder', () => {
  const tricky = fc.string({ unit: fc.constantFrom(...'a.B-/\\ ~\0\n\x1b:*?"<>|é…€'), maxLength: 400 })
  fc.assert(
    fc.property(fc.oneof(tricky, fc.string({ unit: 'binary' })), (name) => {
      let safe: string
      try {
        safe = safeFileName(name)
      } catch (error) {
        assert.equal((error as RunaError).code, 'BAD_INPUT')
        return
      }
      assert.equal(basename(join('/uploads/topic', safe)), safe)
      assert.ok(!safe.startsWith('.') && safe.trim() === safe && Buffer.byteLength(safe) <= 220)
      assert.doesNotMatch(safe, /[/\\\p{Cc}]/u)
      assert.equal(safeFileName(safe), safe)
    }),
  )
})

test('names keep what people know them by', () => {
  assert.equal(safeFileName('../../etc/passwd'), 'passwd')
  assert.equal(safeFileName('C:\\Users\\me\\Größe 2.md'), 'Größe 2.md')
  assert.equal(safeFileName('what?.md'), 'what_.md')
  assert.match(safeFileName(`${'x'.repeat(500)}.md`), /^x{200}\.md$/)
  for (const nothing of ['', '/', '..', ' . '])
    assert.throws(() => safeFileName(nothing), { code: 'BAD_INPUT' })
})

/** A tieto that takes what holds the word `good`. */
const picky = standInServices({
  tieto: {
    async *ingest({ paths }) {
      const [path = ''] = paths
      const isGood = (await readFile(path, 'utf8')).includes('good')
      if (!isGood) yield { kind: 'skipped', document: 'x', code: 'DOCUMENT_INVALID', reason: 'It is empty.' }
      const stored = isGood ? 1 : 0
      yield { kind: 'end', stored, unchanged: 0, skipped: 1 - stored, removed: 0, chunks: stored }
    },
  },
})

test('a file that was stored is kept, and one that was not is gone again', () =>
  withHouse(async ({ ask, home }) => {
    const upload = async (name: string, body: string) => {
      const path = `/api/uploads?topic=mine&name=${encodeURIComponent(name)}`
      return (await ask(path, undefined, { method: 'POST', body })).text()
    }
    const kept = () => readdir(join(home, 'uploads/mine'))
    assert.match(await upload('../a.md', 'good one'), /"stored":1/)
    assert.match(await upload('b.md', ''), /DOCUMENT_INVALID/)
    assert.deepEqual(await kept(), ['a.md'])
    await upload('a.md', 'a bad one')
    assert.equal(await readFile(join(home, 'uploads/mine/a.md'), 'utf8'), 'good one')
    await upload('a.md', 'a good new one')
    assert.equal(await readFile(join(home, 'uploads/mine/a.md'), 'utf8'), 'a good new one')
    assert.deepEqual(await kept(), ['a.md'])
  }, picky))

test('a file that is too large, or to go where it may not, leaves nothing', () =>
  withHouse(async ({ ask, home }) => {
    const status = async (query: string, body: RequestInit['body'] = 'good', headers = {}) =>
      (await ask(`/api/uploads?${query}`, undefined, { method: 'POST', body: body ?? null, headers })).status
    for (const query of [
      'topic=../up&name=a.md',
      'topic=mine',
      'name=a.md',
      'topic=mine&name=..',
      'topic=Mine&name=a',
    ]) {
      assert.equal(await status(query), 400, query)
    }
    const announced = { 'content-length': String(LIMITS.uploadBytesMax + 1) }
    assert.equal(await status('topic=mine&name=a.md', 'good', announced), 413)
    let sentBytes = 0
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        sentBytes += 2 ** 20
        controller.enqueue(new Uint8Array(2 ** 20))
      },
    })
    const streamed = { method: 'POST', body: endless, duplex: 'half' } as RequestInit
    assert.equal((await ask('/api/uploads?topic=mine&name=a.md', undefined, streamed)).status, 413)
    assert.ok(sentBytes < LIMITS.uploadBytesMax + 8 * 2 ** 20, 'the rest is not even read')
    assert.deepEqual(await readdir(join(home, 'uploads/mine')), [])
  }, picky))

test('a tieto that dies in the middle leaves the file that was there before', () =>
  withHouse(
    async ({ ask, home }) => {
      await mkdir(join(home, 'uploads/mine'))
      await writeFile(join(home, 'uploads/mine/a.md'), 'before')
      const answer = await ask('/api/uploads?topic=mine&name=a.md', undefined, {
        method: 'POST',
        body: 'after',
      })
      assert.match(await answer.text(), /"kind":"error","code":"DISK_FULL"/)
      assert.equal(await readFile(join(home, 'uploads/mine/a.md'), 'utf8'), 'before')
      assert.deepEqual(await readdir(join(home, 'uploads/mine')), ['a.md'])
    },
    standInServices({
      tieto: {
        // biome-ignore lint/correctness/useYield: it fails before it has anything to say.
        async *ingest() {
          throw new RunaError('DISK_FULL')
        },
      },
    }),
  ))

test('what a crash left of an upload is mended at the next start', () =>
  withFolder(async (folder) => {
    const topic = join(folder, 'mine')
    await mkdir(topic)
    for (const name of ['.incoming-1', '.previous-a.md', 'a.md', '.previous-b.md'])
      await writeFile(join(topic, name), name)
    await tidyUploads(folder)
    assert.deepEqual((await readdir(topic)).sort(), ['a.md', 'b.md'])
    assert.equal(await readFile(join(topic, 'b.md'), 'utf8'), '.previous-b.md')
  }))
