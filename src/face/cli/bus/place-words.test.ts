import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RunaError } from '#protocol'
import { wordedForPlace } from './place-words.ts'
import { runVerb } from './run-verb.ts'
import { nothingAt } from './store-work.ts'
import type { Verb } from './verb.ts'

const verb: Verb = {
  name: 'get',
  parameters: '<key>',
  description: 'fails',
  example: ['get', 'x'],
  load: async () => () => {
    throw nothingAt('x')
  },
}

async function adviceOf(
  place: { readonly bus?: string; readonly secretFile?: string },
  canReadInput: boolean,
) {
  const session = { place, seat: () => assert.fail(), close() {} }
  const { signal } = new AbortController()
  const failed = runVerb({ verb, words: ['x'], options: {} }, session, { signal, canReadInput })
  const error: unknown = await failed.catch((reason: unknown) => reason)
  assert.ok(error instanceof RunaError)
  assert.deepEqual([error.code, error.message], ['KEY_ABSENT', "There is nothing under 'x'."])
  return error.advice
}

test('a command that is advised names the bus that was meant', async () => {
  assert.equal(await adviceOf({}, true), 'List the keys there are: `runa bus list`.')
  assert.equal(
    await adviceOf({ bus: '/a b' }, true),
    "List the keys there are: `runa bus list --bus '/a b'`.",
  )
  const both = await adviceOf({ bus: '/b', secretFile: '/s' }, true)
  assert.equal(both, 'List the keys there are: `runa bus list --bus /b --secret-file /s`.')
})

test('at the prompt a command is advised as it is typed there', async () => {
  assert.equal(await adviceOf({ bus: '/b' }, false), 'List the keys there are: `list`.')
})

test('an error that names no command stays as it is', () => {
  const error = new RunaError('BAD_INPUT', 'That is no base64.')
  assert.equal(wordedForPlace(error, { bus: '/b' }), error)
  const fault = new Error('x')
  assert.equal(wordedForPlace(fault, { bus: '/b' }), fault)
})
