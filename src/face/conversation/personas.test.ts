import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, beforeEach, test } from 'node:test'
import fc from 'fast-check'
import { assetsFolder } from '#kernel/home'
import { openPersonas, parsePersona } from './personas.ts'

const root = await mkdtemp(join(tmpdir(), 'runa-personas-'))
let mine: string
let shipped: string
after(() => rm(root, { recursive: true }))

beforeEach(async () => {
  const folder = await mkdtemp(join(root, 'test-'))
  mine = join(folder, 'mine')
  shipped = join(folder, 'shipped')
  await Promise.all([mkdir(mine), mkdir(shipped)])
})

const persona = (name: string, prompt = 'Be kind.') => `---\nname: ${name}\n---\n${prompt}\n`

test('the personas that ship are whole', async () => {
  const { personas, faults } = await openPersonas([assetsFolder('personas')]).list()
  assert.deepEqual(faults, [])
  assert.ok(personas.some(({ id }) => id === 'default'))
  for (const { description, prompt } of personas) assert.ok(description !== '' && prompt.length > 100)
})

test('a file of the person goes before one of the same name that ships', async () => {
  await writeFile(join(shipped, 'default.md'), persona('Shipped'))
  await writeFile(join(shipped, 'other.md'), persona('Other'))
  await writeFile(join(mine, 'default.md'), persona('Mine'))
  const personas = openPersonas([mine, shipped])
  assert.equal((await personas.find('default')).name, 'Mine')
  assert.deepEqual(
    (await personas.list()).personas.map(({ id }) => id),
    ['default', 'other'],
  )
})

test('a changed file is read again, and a removed one is gone', async () => {
  const path = join(mine, 'short.md')
  await writeFile(path, persona('One'))
  const personas = openPersonas([mine, shipped])
  assert.equal((await personas.find('short')).name, 'One')
  await writeFile(path, persona('Second'))
  assert.equal((await personas.find('short')).name, 'Second')
  await rm(path)
  await assert.rejects(personas.find('short'), { code: 'PERSONA_UNKNOWN' })
})

test('a broken file is reported with its reason, the shipped one stands in, and others work', async () => {
  await writeFile(join(shipped, 'default.md'), persona('Shipped'))
  await writeFile(join(mine, 'default.md'), '---\nname: [unclosed\n---\nHello')
  await writeFile(join(mine, 'typo.md'), '---\nname: A\ntemprature: 1\n---\nHello')
  await writeFile(join(mine, 'Not An Id.md'), persona('X'))
  await writeFile(join(mine, 'long.md'), persona('Long', 'word '.repeat(20_000)))
  await writeFile(join(mine, 'good.md'), persona('Good'))
  const personas = openPersonas([mine, shipped])
  const { faults } = await personas.list()
  assert.deepEqual(
    faults.map(({ file }) => file.slice(mine.length + 1)),
    ['Not An Id.md', 'default.md', 'long.md', 'typo.md'],
  )
  assert.equal((await personas.find('default')).name, 'Shipped')
  assert.equal((await personas.find('good')).name, 'Good')
  await assert.rejects(personas.find('typo'), { code: 'PERSONA_UNKNOWN', message: /temprature/ })
})

test('any text is a persona or an error in words, and a body comes back as it was', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      try {
        assert.notEqual(parsePersona('x', text).prompt, '')
      } catch (error) {
        assert.ok(error instanceof Error && error.message !== '')
      }
    }),
  )
  const anyBody = fc.string({ unit: 'grapheme', minLength: 1 }).filter((body) => body.trim() !== '')
  fc.assert(
    fc.property(anyBody, (body) => {
      assert.equal(parsePersona('x', `---\r\nname: X\r\n---\r\n${body}`).prompt, body.trim())
    }),
  )
})
