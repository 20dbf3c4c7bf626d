import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import fc from 'fast-check'
import * as z from 'zod'
import { dimensionSchema, mannerSchema, type Profile, profileSchema } from '#protocol'
import { scaleOf } from './dimensions.ts'
import { openSnarf } from './snarf.ts'

const root = await mkdtemp(join(tmpdir(), 'runa-snarf-closed-'))
after(() => rm(root, { recursive: true }))

interface Json {
  readonly type?: string
  readonly format?: string
  readonly properties?: Readonly<Record<string, Json>>
  readonly additionalProperties?: unknown
  readonly propertyNames?: Json
  readonly items?: Json
  readonly enum?: readonly unknown[]
  readonly const?: unknown
}

/** Each place where something could be written that the schema does not spell out. */
function openPlaces(json: Json, path = 'profile'): string[] {
  if (json.enum || json.const !== undefined || json.type === 'boolean') return []
  if (json.type === 'integer' || json.type === 'number') return []
  // A number of 128 bits that Runa draws: where something was said, and no place for what.
  if (json.type === 'string' && json.format === 'uuid') return []
  if (json.type === 'array' && json.items) return openPlaces(json.items, `${path}[]`)
  if (json.type !== 'object') return [`${path}: ${json.type}`]
  const fields = Object.entries(json.properties ?? {}).flatMap(([name, field]) =>
    openPlaces(field, `${path}.${name}`),
  )
  if (json.additionalProperties === false) return fields
  // A record is closed where its keys are spelled out.
  const keys = openPlaces(json.propertyNames ?? {}, `${path}{}`)
  return [...fields, ...keys, ...openPlaces((json.additionalProperties ?? {}) as Json, `${path}.*`)]
}

/** Whatever the schema itself spells out: names of fields, and words that stand in them. */
function vocabularyOf(json: Json): string[] {
  const inside = [
    ...Object.values(json.properties ?? {}),
    ...[json.items, json.propertyNames].filter((one) => !!one),
  ]
  const record = typeof json.additionalProperties === 'object' ? [json.additionalProperties as Json] : []
  return [
    ...Object.keys(json.properties ?? {}),
    ...[...(json.enum ?? []), json.const].filter((word) => typeof word === 'string'),
    ...[...inside, ...record].flatMap(vocabularyOf),
  ]
}

const schema = z.toJSONSchema(profileSchema) as Json

test('no place in a profile takes anything but spelled-out words, counts and ids of turns', () => {
  assert.deepEqual(openPlaces(schema), [])
  const opened = profileSchema.extend({ note: z.string() })
  assert.deepEqual(
    openPlaces(z.toJSONSchema(opened) as Json),
    ['profile.note: string'],
    'a planted field is found',
  )
  const loose = z.looseObject({ mode: z.enum(['a']) })
  assert.notDeepEqual(openPlaces(z.toJSONSchema(loose) as Json), [], 'a planted open object is found')
})

/** Stems: what must not be known about a person, by any name that a field could have. */
const FORBIDDEN =
  /health|diagnos|disab|adhd|autis|depress|anx|ill|symptom|medic|ethnic|race|racial|skin|sex|gender|orient|nation|countr|language|relig|belief|politic|age|birth|openness|conscientious|extravers|agreeabl|neurotic|personality|mood|emotion|intellig|name|user|mail/

test('no word of a profile speaks of health, origin, love, belief or character', () => {
  const words = vocabularyOf(schema)
  assert.ok(words.includes('humour') && words.includes('low-stimulus') && words.includes('capitals'))
  const about = words.filter((word) => FORBIDDEN.test(word))
  // What to do with a word, not with a person; `messages` has `age` in it.
  assert.deepEqual([...new Set(about)].sort(), ['messages'])
})

const TURN = '01890a5d-ac96-774b-bcce-b302099a8057'

test('a profile with any field more is refused, wherever it stands', () => {
  const whole: Profile = {
    ...{ format: 'runa-profile', version: 2, agreed: 'learning', paused: false, mode: 'default' },
    manner: { tone: 'warm' },
    said: { tone: { how: 'set', day: 1, locked: false } },
    days: [{ day: 1, messages: 1, words: 1, logWords: 0.7, capitals: 0, ended: 0 }],
    turns: [{ turn: TURN, day: 1, words: 1, capital: false, ended: false }],
  }
  assert.deepEqual(profileSchema.parse(whole), whole)
  const known = vocabularyOf(schema)
  const field = fc.string({ minLength: 1 }).filter((name) => !known.includes(name) && name !== '__proto__')
  fc.assert(
    fc.property(field, fc.jsonValue(), (name, value) => {
      const more = { [name]: value }
      const [said] = Object.values(whole.said)
      for (const grown of [
        { ...whole, ...more },
        { ...whole, manner: { ...whole.manner, ...more } },
        { ...whole, said: { ...whole.said, ...more } },
        { ...whole, said: { tone: { ...said, ...more } } },
        { ...whole, days: [{ ...whole.days[0], ...more }] },
        { ...whole, turns: [{ ...whole.turns[0], ...more }] },
      ]) {
        assert.equal(profileSchema.safeParse(grown).success, false)
      }
      assert.equal(mannerSchema.partial().safeParse(more).success, false)
    }),
  )
})

test('whatever a person writes, nothing of it is in the file', async () => {
  const folder = join(await mkdtemp(join(root, 'test-')), 'profile')
  const snarf = await openSnarf(folder, { nowMs: () => 1_800_000_000_000 })
  await snarf.agree('learning')
  const known = [...vocabularyOf(schema)]
  const said = fc.oneof(
    fc.string({ unit: 'grapheme', maxLength: 200 }),
    fc.constantFrom(
      'I am autistic. Shorter, please',
      'My ethnicity is none of your business',
      'no jokes, I am depressed',
    ),
  )
  await fc.assert(
    fc.asyncProperty(said, async (message) => {
      await snarf.observe(message, TURN)
      const text = await readFile(join(folder, 'profile.json'), 'utf8')
      const words = [...text.matchAll(/"([^"]*)"/g)].map(([, word = '']) => word)
      assert.deepEqual(
        words.filter((word) => !known.includes(word) && word !== TURN),
        [],
      )
      assert.doesNotThrow(() => profileSchema.parse(JSON.parse(text)))
    }),
    { numRuns: 60 },
  )
})

test('each dimension has words for each of its levels, in the order of its scale', () => {
  for (const dimension of dimensionSchema.options) {
    const levels: readonly string[] = mannerSchema.shape[dimension].options
    assert.deepEqual(
      scaleOf(dimension).map(([level]) => level),
      levels,
    )
    for (const [level, { means, instruction }] of scaleOf(dimension)) {
      assert.ok(means.endsWith('.'))
      assert.equal(instruction === '', level === 'usual', `${dimension} ${level}`)
    }
  }
})
