import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createUuidV7, RunaError } from '#protocol'
import { createForgetting } from './forgetting.ts'

test('what was forgotten while snarf was away is told to it later', async () => {
  const [kept, gone] = [createUuidV7(), createUuidV7()]
  const told: string[][] = []
  let isThere = false
  const { forget, catchUp } = createForgetting(
    { forgottenAmong: async ({ turns }) => ({ turns: turns.filter((turn) => turn === gone) }) },
    {
      turns: async () => ({ turns: [kept, gone] }),
      async forget({ turns }) {
        if (!isThere) throw new RunaError('SERVICE_LOST')
        told.push([...turns])
        const profile = { agreed: 'learning', paused: false, mode: 'default', settings: [] } as const
        return { ...profile, settings: [], days: 0, kept: true }
      },
    },
  )
  await assert.rejects(forget([gone]), { code: 'SERVICE_LOST' })
  await assert.rejects(catchUp(), { code: 'SERVICE_LOST' })
  isThere = true
  await catchUp()
  await forget([kept])
  assert.deepEqual(told, [[gone], [kept]])
})

test('many turns are asked about in pieces', async () => {
  const turns = Array.from({ length: 2_500 }, () => createUuidV7())
  const asked: number[] = []
  const { catchUp } = createForgetting(
    {
      async forgottenAmong({ turns: some }) {
        asked.push(some.length)
        return { turns: [] }
      },
    },
    { turns: async () => ({ turns }), forget: () => assert.fail('nothing was forgotten') },
  )
  await catchUp()
  assert.deepEqual(asked, [1_000, 1_000, 500])
})
