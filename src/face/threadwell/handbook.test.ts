import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { RunaError } from '#protocol'
import { ingestHandbook } from './handbook.ts'
import { openMarks } from './marks.ts'
import { type StandIns, standInServices, withFolder } from './stand-ins.ts'

const { signal } = new AbortController()

/** A tieto that remembers which topics it has, and how often it was asked to ingest. */
function rememberingTieto() {
  const topics = new Set<string>()
  let ingested = 0
  const tieto: NonNullable<StandIns['tieto']> = {
    async *ingest({ topic }) {
      topics.add(topic)
      ingested += 1
      yield { kind: 'end', stored: 1, unchanged: 0, skipped: 0, removed: 0, chunks: 1 }
    },
    topics: async () => ({
      topics: [...topics].map((name) => ({ name, documents: 1, chunks: 1, sizeBytes: 1, damaged: [] })),
    }),
  }
  return { tieto: standInServices({ tieto }).tieto, topics, ingested: () => ingested }
}

test('the handbook is ingested once, again when it changes, and never once a person has removed it', () =>
  withFolder(async (folder) => {
    const { tieto, topics, ingested } = rememberingTieto()
    const atStart = async () =>
      ingestHandbook(folder, tieto, await openMarks(join(folder, 'marks.json')), signal)
    await atStart()
    assert.equal(ingested(), 0, 'there is no handbook yet')
    await writeFile(join(folder, 'first.md'), '# First steps')
    await atStart()
    await atStart()
    assert.equal(ingested(), 1)
    await writeFile(join(folder, 'first.md'), '# First steps, better told')
    await atStart()
    assert.equal(ingested(), 2)
    topics.delete('handbook')
    await writeFile(join(folder, 'first.md'), '# First steps, even better told')
    await atStart()
    assert.deepEqual([ingested(), topics.has('handbook')], [2, false])
  }))

test('an ingest that fails is done again at the next start', () =>
  withFolder(async (folder) => {
    await writeFile(join(folder, 'first.md'), '# First steps')
    const marks = await openMarks(join(folder, 'marks.json'))
    const failing = standInServices({
      tieto: {
        // biome-ignore lint/correctness/useYield: it fails before it has anything to say.
        async *ingest() {
          throw new RunaError('DISK_FULL')
        },
      },
    })
    await assert.rejects(ingestHandbook(folder, failing.tieto, marks, signal), { code: 'DISK_FULL' })
    assert.equal(marks.values.handbook, null)
  }))
