import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Command, CommanderError } from 'commander'
import { RunaError } from '#protocol'
import { createProgram } from '../program.ts'
import { complete } from './completion.ts'
import { createFilter } from './filter.ts'
import { addVerbs, type ParsedVerb } from './verb-commands.ts'
import { VERBS } from './verbs.ts'
import { splitWords } from './words.ts'

async function parse(line: string, isPrompt = true): Promise<ParsedVerb | undefined> {
  let parsed: ParsedVerb | undefined
  const parser = new Command('bus').exitOverride().configureOutput({ writeErr: () => {}, writeOut: () => {} })
  addVerbs(
    parser,
    VERBS,
    async (found) => {
      parsed = found
    },
    isPrompt,
  )
  await parser.parseAsync(splitWords(line), { from: 'user' })
  return parsed
}

test('every verb parses its own example, and its work is there', async () => {
  for (const verb of VERBS) {
    const line = verb.example.map((word) => `'${word}'`).join(' ')
    assert.equal((await parse(line, false))?.verb, verb, line)
    assert.equal(typeof (await verb.load()), 'function', verb.name)
  }
  assert.equal(new Set(VERBS.map(({ name }) => name)).size, VERBS.length)
})

test('words and options go to their verb as they were typed', async () => {
  const parsed = await parse(`set 'a key' "" --base64`)
  assert.deepEqual(
    [parsed?.verb.name, parsed?.words, parsed?.options],
    ['set', ['a key', ''], { base64: true }],
  )
  const dashed = await parse('set a -- --loud')
  assert.deepEqual(dashed?.words, ['a', '--loud'])
})

test('wrong arguments are told what the verb expected', async () => {
  const lines = { get: 'get', set: 'set a b c', tap: 'tap progress --often', publish: 'publish' }
  for (const [name, line] of Object.entries(lines)) {
    const expected = new RegExp(`Expected: ${name} [<[]`)
    const isFit = (error: unknown) =>
      error instanceof RunaError && error.code === 'BAD_INPUT' && expected.test(error.message)
    await assert.rejects(parse(line), isFit, line)
  }
  await assert.rejects(parse('frobnicate'), CommanderError)
  await assert.rejects(parse("list --bus ''", false), { code: 'BAD_INPUT', message: /A path was expected/ })
  await assert.rejects(
    parse('get --help'),
    (error) => error instanceof CommanderError && error.exitCode === 0,
  )
})

test('verbs, options and names are completed, and nothing else', async () => {
  const names = async () => ['boat', 'big ship', 'b\u001b[31m', 'b\nline', 'car']
  const completed = async (line: string) => (await complete(line, names))[0]
  assert.deepEqual(await completed('del'), ['delete '])
  assert.deepEqual(await completed('help se'), ['set '])
  assert.deepEqual(await completed('get b'), ['boat '])
  assert.deepEqual(await completed('get '), ['boat ', "'big ship' ", 'car '])
  assert.deepEqual(await completed('delete boat c'), ['car '])
  assert.deepEqual(await completed('set boat c'), [])
  assert.deepEqual(await completed('set --b'), ['--base64 '])
  assert.deepEqual(await completed('sing x'), [])
})

test('a filter looks for text in bytes, and into JSON', () => {
  const message = Buffer.from('{"type":"event","size":{"width":3},"list":[1]}')
  const passes = (containing?: string, where?: string) => createFilter(containing, where)(message)
  assert.ok(passes() && passes('"event"') && passes(undefined, 'type=event'))
  assert.ok(passes(undefined, 'size.width=3') && passes('list', 'list.0=1'))
  assert.ok(!passes('absent') && !passes(undefined, 'type=query') && !passes(undefined, 'size.depth=3'))
  assert.ok(!passes(undefined, 'toString=x') && !createFilter(undefined, 'a=b')(Buffer.of(255)))
  assert.throws(() => createFilter(undefined, 'type'), RunaError)
})

test('a verb that is not there is told, with what may have been meant', async () => {
  for (const words of [
    ['bus', 'sett', 'a'],
    ['bus', 'help', 'sett'],
  ]) {
    await assert.rejects(createProgram().parseAsync(words, { from: 'user' }), (error) => {
      assert.ok(error instanceof RunaError && error.code === 'BAD_INPUT')
      return /^Did you mean set\? It can: get, set,/.test(error.advice)
    })
  }
})

test('no help says of a flag that it is off by default', () => {
  const texts: string[] = []
  function read(command: Command): void {
    texts.push(command.helpInformation())
    for (const below of command.commands) read(below)
  }
  read(createProgram())
  assert.ok(texts.length > 60)
  assert.deepEqual(
    texts.filter((text) => text.replaceAll(/\s+/g, ' ').includes('default: false')),
    [],
  )
})
