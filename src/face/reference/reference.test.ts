import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import * as z from 'zod'
import { packageFolder } from '#kernel/home'
import { ERRORS, sensitive, tietoContract } from '#protocol'
import { readDeclarations } from './declarations.ts'
import { fieldsOf } from './fields.ts'
import { printReference } from './index.ts'
import { remarksIn } from './services.ts'

test('the pages that are committed say what the source says', () => {
  for (const [path, text] of Object.entries(printReference())) {
    assert.equal(readFileSync(packageFolder(path), 'utf8'), text, `${path} is out of date: npm run docs`)
  }
})

test('every operation and every error has its place', () => {
  const { 'docs/reference/services.md': services = '', 'docs/reference/errors.md': errors = '' } =
    printReference()
  for (const name of Object.keys(tietoContract.operations))
    assert.match(services, new RegExp(`^### ${name}$`, 'm'))
  for (const code of Object.keys(ERRORS)) assert.ok(errors.includes(`| \`${code}\` |`), code)
})

test('a field shows its type, its limits, its default and whether it is private', () => {
  const schema = z.object({
    names: z.array(sensitive(z.string().max(9))).min(1),
    mode: z.enum(['fast', 'slow']).default('fast'),
    inner: z.object({ count: z.number().int().min(0) }).optional(),
  })
  assert.deepEqual(
    fieldsOf(schema, 'input').map(({ path, type, notes }) => `${path}: ${type} (${notes})`),
    [
      'names: list of string (at least 1 items; each: at most 9 characters; **sensitive**)',
      'mode: fast, slow (default "fast")',
      'inner: object (optional)',
      'inner.count: integer ()',
    ],
  )
})

test('variants are told apart by their kind', () => {
  const one = z.object({ kind: z.literal('one'), text: z.string() })
  const schema = z.discriminatedUnion('kind', [one, z.object({ kind: z.literal('two') })])
  assert.deepEqual(
    fieldsOf(schema, 'output').map(({ path }) => path),
    ['(kind = one) text', '(kind = two)'],
  )
})

test('a remark is read from above its operation, and no other', () => {
  const field = '    /** Of a field. */\n    at: count,\n'
  const operation = '    /** First\n     * part. */\n    one: {\n'
  const source = `${field}${operation}    two: {\n  /** Not deep enough. */\n  three: {\n`
  assert.deepEqual(remarksIn('x', source), [['x.one', 'First part.']])
})

test('a library shows what it exports, as it is declared, and the types that it mentions', (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'runa-reference-'))
  context.after(() => rmSync(folder, { recursive: true }))
  const boat = [
    "import { type Mast, Sail } from './sail.ts';",
    '/** Not exported to anybody. */',
    'export declare function sink(boat: Boat): void;',
    '/** Floats;',
    ' * mostly } so. */',
    'export interface Boat extends Partial<Mast> {',
    "    readonly name: 'a;}' | string;",
    '    sail(how: { fast: boolean; }): Crew;',
    '}',
    'interface Crew {',
    '}',
    'export declare function launch(name: string): {',
    '    boat: Boat;',
    '};',
  ]
  writeFileSync(join(folder, 'boat.d.ts'), boat.join('\n'))
  writeFileSync(join(folder, 'sail.d.ts'), 'export type Mast = 1;\nexport type Sail = 2;\n')
  writeFileSync(
    join(folder, 'index.d.ts'),
    "export { launch } from './boat.ts';\nexport type { Boat, } from './boat.ts';\n",
  )
  const found = readDeclarations(join(folder, 'index.d.ts'))
  assert.deepEqual(
    found.map(({ name }) => name),
    ['launch', 'Boat', 'Mast', 'Crew'],
  )
  assert.equal(found[0]?.code, 'function launch(name: string): {\n    boat: Boat;\n};')
  assert.equal(found[1]?.remark, 'Floats; mostly } so.')
  assert.match(found[1]?.code ?? '', /^interface Boat[\s\S]*Crew;\n}$/)
  writeFileSync(join(folder, 'index.d.ts'), "export { Raft } from './boat.ts';\n")
  assert.throws(() => readDeclarations(join(folder, 'index.d.ts')), /does not declare Raft/)
})
