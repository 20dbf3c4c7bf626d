import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { packageFolder } from '#kernel/home'

/** As somebody would write it who has only read the README: no bus, no service, no other part of Runa. */
const PROGRAM = `
import { Tieto } from 'runa/tieto'

const [topics, documents] = process.argv.slice(2)
const tieto = await Tieto.open(topics)
const reported = []
for await (const item of tieto.ingest('trees', documents)) reported.push(item.kind)
const { passages, match } = await tieto.search('trees', 'How tall does an oak grow?', { filter: 'year >= 2000' })
const [best] = passages
const nearby = await tieto.read('trees', best.document, best)
const removed = await tieto.remove('trees')
process.stdout.write(JSON.stringify({ reported, match, best, nearby, removed, left: await tieto.topics() }))
`

let folder: string

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'runa-library-'))
  await mkdir(join(folder, 'node_modules'))
  await symlink(packageFolder(), join(folder, 'node_modules/runa'))
  await writeFile(join(folder, 'program.mjs'), PROGRAM)
  await mkdir(join(folder, 'documents'))
})
after(() => rm(folder, { recursive: true }))

test('a small program of its own uses the library: ingest, search, read, remove', async () => {
  const documents = join(folder, 'documents')
  await writeFile(
    join(documents, 'oak.md'),
    '---\nyear: 2001\n---\n# Oak\n\nAn oak may grow forty metres tall.\n',
  )
  await writeFile(join(documents, 'elm.md'), '---\nyear: 1999\n---\n# Elm\n\nAn elm may grow tall as well.\n')
  const command = [join(folder, 'program.mjs'), join(folder, 'topics'), documents]
  const { stdout } = await promisify(execFile)(process.execPath, command)
  const { reported, match, best, nearby, removed, left } = JSON.parse(stdout)
  assert.deepEqual(reported, ['progress', 'stored', 'progress', 'stored', 'end'])
  assert.equal(match, true)
  assert.equal(best.document, 'documents/oak.md')
  const bytes = await readFile(join(documents, 'oak.md'))
  assert.equal(bytes.subarray(best.start, best.end).toString(), best.text)
  assert.equal(nearby.before + nearby.text + nearby.after, bytes.toString())
  assert.deepEqual([removed, left], [{ documents: 2, chunks: 2 }, []])
})
