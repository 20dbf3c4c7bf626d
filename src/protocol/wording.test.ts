import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as z from 'zod'
import { parseOrThrow } from './errors.ts'

const schema = z.strictObject({
  question: z.string().min(1).max(5).default('why'),
  count: z.int().min(1).max(9).default(1),
  share: z.number().gt(0).lt(1).default(0.5),
  names: z.array(z.string()).min(1).max(2).default(['a']),
  mode: z.enum(['mixed', 'bm25']).default('mixed'),
  id: z.uuid().optional(),
  topic: z
    .string()
    .regex(/^[a-z]+$/, 'is a word of small letters')
    .default('a'),
})

const wordings: [unknown, string][] = [
  [{ question: '' }, 'question: is empty.'],
  [{ question: 'dear diary' }, 'question: has more than 5 characters.'],
  [{ question: 7 }, 'question: must be a text.'],
  [{ count: 0 }, 'count: is less than 1.'],
  [{ count: 10 }, 'count: is more than 9.'],
  [{ count: 'x' }, 'count: must be a number.'],
  [{ share: 0 }, 'share: is not more than 0.'],
  [{ share: 1 }, 'share: is not less than 1.'],
  [{ names: [] }, 'names: is empty.'],
  [{ names: ['a', 'b', 'c'] }, 'names: has more than 2 entries.'],
  [{ names: [null] }, 'names.0: must be a text.'],
  [{ mode: 'cosine' }, 'mode: must be one of mixed, bm25.'],
  [{ id: 'x' }, 'id: is no UUID.'],
  [{ topic: 'A' }, 'topic: is a word of small letters.'],
  [{ nonsense: 1 }, "input: has no field 'nonsense'."],
  [{ question: '', count: 0 }, 'question: is empty; count: is less than 1.'],
]

test('what is wrong with a field is said in words that follow its name', () => {
  for (const [value, message] of wordings) {
    assert.throws(() => parseOrThrow(schema, value), { code: 'BAD_INPUT', message })
  }
  const missing = z.object({ question: z.string() })
  assert.throws(() => parseOrThrow(missing, {}), { message: 'question: is missing.' })
})
