import assert from 'node:assert/strict'
import { cp, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { openAlethia } from '../alethia.ts'
import { createTestMemory, DAY_MS, hasCode, MASTER_KEY, makeTurn } from '../fixture.ts'

const REFUSED = hasCode('MEMORY_CORRUPT', 'MEMORY_LOCKED', 'JOURNAL_CORRUPT')
const SAID = ['one', 'two', 'three', 'four', 'five']

/** The words of all turns, or undefined where the memory refuses to open. */
async function wordsIn(folder: string): Promise<string[] | undefined> {
  try {
    const alethia = await openAlethia(folder, { masterKey: MASTER_KEY })
    const turns = alethia.threads().flatMap(({ id }) => alethia.thread(id).turns)
    await alethia.close()
    return turns.flatMap(({ utterances }) => utterances.map(({ text }) => text))
  } catch (error) {
    if (REFUSED(error)) return undefined
    throw error
  }
}

async function withCopy(folder: string, use: (copy: string) => Promise<void>): Promise<void> {
  const copy = await mkdtemp(join(tmpdir(), 'runa-alethia-copy-'))
  try {
    await cp(folder, copy, { recursive: true })
    await use(copy)
  } finally {
    await rm(copy, { recursive: true })
  }
}

test('whatever byte is changed, nothing false is ever read', async (context) => {
  const memory = await createTestMemory(context)
  const alethia = await memory.open()
  const thread = makeTurn('').thread
  for (const [count, text] of SAID.entries()) {
    await alethia.remember(makeTurn(text, { thread }))
    if (count === 2) memory.pass(DAY_MS)
  }
  await alethia.close()
  const names = (await readdir(memory.folder)).filter((name) => name !== 'lock').sort()
  assert.equal(names.length, 5)
  let refused = 0
  const flip = fc.asyncProperty(
    fc.constantFrom(...names),
    fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    fc.integer({ min: 1, max: 255 }),
    async (name, place, mask) => {
      await withCopy(memory.folder, async (copy) => {
        const bytes = await readFile(join(copy, name))
        const at = Math.floor(place * bytes.length)
        bytes[at] = (bytes[at] ?? 0) ^ mask
        await writeFile(join(copy, name), bytes)
        const words = await wordsIn(copy)
        refused += words === undefined ? 1 : 0
        // At the very end damage looks like a torn write: the last record of a file of keys or of the log is cut off.
        if (words) assert.ok(SAID.filter((word) => !words.includes(word)).length <= 1, `${name} at ${at}`)
        if (words)
          assert.deepEqual(
            words,
            SAID.filter((word) => words.includes(word)),
          )
      })
    },
  )
  await fc.assert(flip, { numRuns: 60 })
  assert.ok(refused > 0)
  await memory.open()
})

test('a day that is cut short, taken away or exchanged is found', async (context) => {
  const memory = await createTestMemory(context)
  const alethia = await memory.open()
  for (const text of SAID) {
    await alethia.remember(makeTurn(text))
    memory.pass(DAY_MS / 2)
  }
  await alethia.close()
  const logs = (await readdir(memory.folder)).filter((name) => name.endsWith('.log')).sort()
  const [first = '', second = ''] = logs
  const deeds: ((copy: string) => Promise<void>)[] = [
    (copy) => rm(join(copy, first)),
    (copy) => rm(join(copy, second)),
    (copy) => truncate(join(copy, first), 8),
    (copy) => cp(join(copy, second), join(copy, first)),
    (copy) => rm(join(copy, 'user.key')),
  ]
  for (const deed of deeds) {
    await withCopy(memory.folder, async (copy) => {
      await deed(copy)
      assert.equal(await wordsIn(copy), undefined)
    })
  }
  // The whole end at once, keys and all, fits what is left: only who kept the head elsewhere can tell.
  const last = logs.at(-1) ?? ''
  await withCopy(memory.folder, async (copy) => {
    await truncate(join(copy, last), 8)
    const words = await wordsIn(copy)
    assert.ok(words === undefined || words.length < SAID.length)
  })
  await memory.open()
})

test('a record whose key is missing is named, and the others are read', async (context) => {
  const memory = await createTestMemory(context)
  const alethia = await memory.open()
  await alethia.remember(makeTurn('one'))
  memory.pass(DAY_MS)
  await alethia.remember(makeTurn('two'))
  await alethia.close()
  const [keys = ''] = (await readdir(memory.folder)).filter((name) => name.endsWith('.keys')).sort()
  await rm(join(memory.folder, keys))
  const again = await memory.open()
  assert.equal(again.faults.length, 1)
  assert.equal(again.summary().turns, 1)
  assert.equal((await again.verify()).faults[0]?.day, keys.replace('.keys', ''))
})

test('another master key opens nothing, and changes nothing', async (context) => {
  const memory = await createTestMemory(context)
  await (await memory.open()).remember(makeTurn('one'))
  await assert.rejects(memory.open({ masterKey: Buffer.alloc(32, 8) }), hasCode('MEMORY_LOCKED'))
  assert.deepEqual(await wordsIn(memory.folder), ['one'])
})
