import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createUuidV7, RunaError } from '#protocol'
import type { ErrorReply, ForgetReply } from '../api.ts'
import { withHouse } from '../stand-in-house.ts'
import { deadServices, standInServices } from '../stand-ins.ts'

const THREAD = createUuidV7()
const TURN = {
  id: createUuidV7(),
  thread: THREAD,
  at: 5,
  utterances: [{ speaker: 'you', text: 'The lamp is broken.' }],
}

test('turns are forgotten only with what the preview said to confirm', () => {
  const asked: unknown[] = []
  const services = standInServices({
    alethia: {
      async forget(input) {
        asked.push(input)
        if (input.confirm !== undefined && input.confirm !== 'these') throw new RunaError('VERSION_CONFLICT')
        return { turns: [TURN], total: 1, confirm: 'these', done: input.confirm === 'these' }
      },
    },
  })
  return withHouse(async ({ ask, faults }) => {
    const choice = { containing: 'lamp' }
    const preview = (await (await ask('/api/memory/forget', { choice })).json()) as ForgetReply
    assert.deepEqual([preview.done, preview.total], [false, 1])
    const other = await ask('/api/memory/forget', { choice, confirm: 'others' })
    assert.deepEqual([other.status, await codeOf(other)], [409, 'VERSION_CONFLICT'])
    const done = await ask('/api/memory/forget', { choice, confirm: preview.confirm })
    assert.equal(((await done.json()) as ForgetReply).done, true)
    assert.deepEqual(asked, [{ choice }, { choice, confirm: 'others' }, { choice, confirm: 'these' }])
    const nothing = await ask('/api/memory/forget', { choice: {} })
    assert.deepEqual([nothing.status, await codeOf(nothing)], [400, 'BAD_INPUT'])
    assert.deepEqual(faults, [])
  }, services)
})

test('the timeline, the search and the threads say what alethia says', () => {
  const recalled = { ...TURN.utterances[0], turn: TURN.id, thread: THREAD, at: 5, score: 1 }
  const thread = { id: THREAD, title: 'The lamp', turns: 1, updatedAt: 5, offTheRecord: false }
  const services = standInServices({
    alethia: {
      timeline: async ({ limit }) => ({
        turns: [TURN],
        omitted: limit,
        threads: [thread],
        speakers: ['you'],
      }),
      recall: async ({ query }) => ({
        recalled: query === 'lamp' ? [{ ...recalled, utterance: 0, speaker: 'you', text: '' }] : [],
      }),
      threads: async () => ({ threads: [thread] }),
    },
  })
  return withHouse(async ({ ask }) => {
    const timeline = await (await ask('/api/memory/timeline', { limit: 7 })).json()
    assert.deepEqual(timeline, { turns: [TURN], omitted: 7, threads: [thread], speakers: ['you'], cards: {} })
    const search = (await (await ask('/api/memory/search', { query: 'lamp' })).json()) as {
      recalled: unknown[]
    }
    assert.equal(search.recalled.length, 1)
    assert.deepEqual(await (await ask('/api/memory/threads')).json(), { threads: [thread] })
    assert.equal((await ask('/api/memory/timeline', { limit: 100_000 })).status, 400)
  }, services)
})

test('without its services a page hears which is missing, and no stranger hears anything', () =>
  withHouse(async ({ ask, askAsStranger }) => {
    for (const path of ['/api/memory/threads', '/api/manner', '/api/manner/export']) {
      const refused = await ask(path)
      assert.deepEqual([refused.status, await codeOf(refused)], [503, 'SERVICE_LOST'])
      assert.equal((await askAsStranger(path)).status, 401)
    }
  }, deadServices()))

async function codeOf(response: Response): Promise<string> {
  return ((await response.json()) as ErrorReply).error.code
}
