import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createUuidV7 } from '#protocol'
import { readTurns } from './kept-turns.ts'

test('more turns than one call may name are asked for in pieces, and what a message left over again', async () => {
  const ids = Array.from({ length: 2_100 }, () => createUuidV7())
  const asked: number[] = []
  const alethia = {
    async turns({ ids: some }: { readonly ids: readonly string[] }) {
      asked.push(some.length)
      const [told, left] = [some.slice(0, 900), some.slice(900)]
      const turns = told.map((id) => ({ id, thread: id, at: 1, utterances: [] }))
      return { turns, forgotten: [], unknown: [], left }
    },
  }
  const context = { signal: new AbortController().signal, trace: '' }
  const { turns } = await readTurns(alethia, [...ids, ...ids], context)
  assert.deepEqual([...turns.keys()].sort(), [...ids].sort())
  assert.deepEqual(asked, [1_000, 1_000, 300])
})
