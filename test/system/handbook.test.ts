import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { type Embedder, loadEmbedder } from '#kernel/embedding'
import { assetsFolder, packageFolder } from '#kernel/home'
import { Tieto } from '#knowledge/tieto'
import { chooseQuotes } from '../../src/engine/inference/extractive/choose.ts'
import { createProgram } from '../../src/face/cli/program.ts'

/** What a new user may ask first, and a piece of the sentence that answers it. */
const FIRST_QUESTIONS: readonly (readonly [question: string, answer: string])[] = [
  ['What is Runa?', 'Runa is a program that answers questions'],
  ['How do I add a model?', 'npx runa models add FILE'],
  ['Which model fits my computer?', 'npx runa models suggest'],
  ['Does anything leave my machine?', 'Nothing leaves your machine unless'],
  ['What is an assistant list?', 'An assistant list is a list'],
  ['How do I add documents?', 'npx runa ingest FOLDER'],
  ['Where are my data stored?', '~/.local/share/runa'],
  ['Is my data encrypted?', 'conversations lie on the disk sealed'],
  ['How do I stop Runa?', 'npx runa down'],
  ['How do I uninstall Runa?', 'To uninstall Runa'],
  ['How do I make my own persona?', 'my-persona.md'],
  ['What does no match mean?', 'nothing in the chosen topics fits'],
  ['How do I use it over ssh?', 'ssh -L'],
  ['What does the default policy do?', 'it masks keys and tokens'],
  ['How do I make Runa forget something?', 'choose turns on the page Memory'],
  ['What can forgetting not do?', 'cannot reach copies outside Runa'],
  ['How do I talk off the record?', 'tick Off the record'],
  ['How do I make the answers shorter?', 'Settings'],
  ['Would Runa say the same again?', 'type `npx runa replay`'],
  ['How do I move a card with the keyboard?', 'press Space'],
]

const FOREIGN_QUESTIONS = [
  'Who is the president of France?',
  'How do I bake bread?',
  'What is the weather in Paris?',
]

let folder: string
let tieto: Tieto
let embedder: Embedder

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'runa-handbook-'))
  tieto = await Tieto.open(folder)
  embedder = await loadEmbedder()
  for await (const item of tieto.ingest('handbook', assetsFolder('handbook'))) {
    assert.notEqual(item.kind, 'skipped')
  }
})
after(() => rm(folder, { recursive: true }))

test('quotes of the handbook answer what a new user asks first', async () => {
  for (const [question, answer] of FIRST_QUESTIONS) {
    const { passages, match } = await tieto.search('handbook', question, { passagesMax: 20 })
    assert.ok(match, `no match: ${question}`)
    const numbered = passages.map((passage, index) => ({ ...passage, number: index + 1 }))
    const quotes = chooseQuotes(question, numbered, embedder).map(({ text }) => text)
    assert.ok(
      quotes.some((quote) => quote.includes(answer)),
      `${question} is answered by: ${quotes.join(' / ')}`,
    )
  }
})

test('it does not answer what it knows nothing about', async () => {
  for (const question of FOREIGN_QUESTIONS) {
    assert.equal((await tieto.search('handbook', question)).match, false, question)
  }
})

test('every command that the handbook and the README name can be typed', async () => {
  const known = new Map(createProgram().commands.map((command) => [command.name(), command]))
  const names = (await readdir(assetsFolder('handbook'))).map((name) => assetsFolder('handbook', name))
  const texts = await Promise.all(
    [...names, packageFolder('README.md')].map((path) => readFile(path, 'utf8')),
  )
  const named = texts.join('\n').matchAll(/npx runa ([a-z]+)(?: ([a-z][a-z-]*)\b)?/g)
  const unknown = [...named].filter(([, command = '', word]) => {
    const below = known.get(command)?.commands.map((child) => child.name()) ?? []
    return !known.has(command) || (below.length > 0 && word !== undefined && !below.includes(word))
  })
  assert.deepEqual(
    unknown.map(([text]) => text),
    [],
  )
})
