import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { openLedger } from './ledger.ts'

let folder: string
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'runa-ledger-'))
})
after(() => rm(folder, { recursive: true }))

test('entries outlive the process, newest first', async () => {
  const path = join(folder, 'a.journal')
  const first = await openLedger(path)
  await first.record('one.example', 'chat')
  await first.record('two.example', 'chat')
  await first.close()
  const second = await openLedger(path)
  const { total, requests } = second.list(1)
  assert.deepEqual([total, requests.map(({ host }) => host)], [2, ['two.example']])
  assert.deepEqual(second.list(0).requests, [])
  await second.close()
})

test('what cannot be written down is not sent', async () => {
  const ledger = await openLedger(join(folder, 'b.journal'), 100)
  await assert.rejects(
    async () => {
      for (let count = 0; count < 10; count += 1) await ledger.record('one.example', 'chat')
    },
    { code: 'ENGINE_UNREACHABLE', message: /not sent/ },
  )
  assert.ok(ledger.list(10).total < 10)
  await ledger.close()
})
