import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { createByteScan } from './byte-scan.ts'
import { type Canaries, plantCanaries, writeOldHome } from './canaries.ts'
import { openPage } from './page.ts'
import { createTestRuna, type TestRuna } from './test-runa.ts'

const documents = mkdtempSync(join(tmpdir(), 'runa-documents-'))
const sealed = createTestRuna()
const open = createTestRuna('bus: { sealed: false }\n')
after(async () => {
  for (const runa of [sealed, open]) await runa.remove()
  rmSync(documents, { recursive: true })
})

/** Documents are in clear by design: they are the person's own files. */
const IN_CLEAR = ['topics/', 'uploads/']

interface Places {
  readonly home: readonly string[]
  readonly bus: readonly string[]
  readonly processes: readonly string[]
}

/** Where which of the words stand. */
function look(runa: TestRuna, canaries: Canaries): Places {
  const scan = createByteScan(Object.values(canaries))
  const ways = new Map(Object.entries(canaries).map(([way, word]) => [word, way]))
  type Hits = ReturnType<typeof scan.folder>
  const tell = (hits: Hits) => hits.map(({ word, place, form }) => `${ways.get(word)}: ${place}, as ${form}`)
  const pids = runa.processes()
  return {
    home: tell(scan.folder(runa.home, IN_CLEAR)),
    bus: tell(pids.length > 0 ? scan.folder(runa.busFolder) : []),
    processes: tell(pids.flatMap((pid) => scan.process(pid))),
  }
}

/** What nobody but threadwell itself is told. */
const AT_HOME = ['the title of a list', 'the title of a board', 'a label']

const NOWHERE = { home: [], bus: [], processes: [] }
const waysIn = (places: readonly string[]) => [...new Set(places.map((place) => place.split(': ')[0]))].sort()

test('what is said to Runa stands nowhere in clear, and what an older one had left in clear does no longer', async () => {
  const old = await writeOldHome(sealed.home)
  assert.deepEqual(waysIn(look(sealed, old).home), Object.keys(old).sort())
  const page = await openPage((await sealed.start()).address)
  const { threads } = await page.get<{ threads: { title: string }[] }>('/api/threads')
  assert.ok(threads.some(({ title }) => title.includes(old['an old turn'] ?? '')))
  assert.ok((await page.board()).title.includes(old['an old board'] ?? ''))
  assert.deepEqual(look(sealed, old), NOWHERE)

  const canaries = await plantCanaries(sealed, page, documents)
  assert.deepEqual(look(sealed, { ...old, ...canaries }), NOWHERE)
  await sealed.ask('down')
  assert.deepEqual(look(sealed, { ...old, ...canaries }), NOWHERE)
})

test('the same look finds each of them on a bus that is not sealed', async () => {
  const page = await openPage((await open.start()).address)
  const canaries = await plantCanaries(open, page, documents)
  const { home, bus, processes } = look(open, canaries)
  assert.deepEqual([home, processes], [[], []])
  const travelling = Object.keys(canaries).filter((way) => !AT_HOME.includes(way))
  assert.deepEqual(waysIn(bus), travelling.sort())
})
