import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { attachBus, createBus } from '#kernel/splinter'
import { readRecord } from './recorder.ts'
import { startRecorder } from './service.ts'

const root = mkdtempSync('/dev/shm/runa-recorder-service-')
const path = join(root, 'bus')
createBus({ path, sizeBytes: 8 * 2 ** 20, inboxBytes: 65_536 })
const [bus, other] = [attachBus(path, { name: 'recorder' }), attachBus(path, { name: 'cli' })]
after(() => {
  for (const seat of [bus, other]) seat.close()
  rmSync(root, { recursive: true })
})

test('the service waits while another records, then writes down what is sent, and says how far it is', async () => {
  const stopping = new AbortController()
  const folder = join(root, 'record')
  const before = other.record({ keep: async () => {} })
  const { handlers, ended } = startRecorder({ bus, folder, signal: stopping.signal, triesEveryMs: 1 })
  const progress = () => handlers.progress({}, { signal: stopping.signal, trace: '' })
  assert.equal((await progress()).recording, false)
  await before.end()
  while (!(await progress()).recording) await new Promise((resolve) => setTimeout(resolve, 1))
  other.topic('news').publish(Buffer.from('told'))
  while ((await progress()).recorded === 0) await new Promise((resolve) => setTimeout(resolve, 1))
  assert.deepEqual(await progress(), { folder, recording: true, recorded: 1, missed: 0 })
  stopping.abort()
  await ended
  const kinds: string[] = []
  for await (const { kind } of readRecord(folder)) kinds.push(kind)
  assert.deepEqual(kinds, ['begin', 'message', 'end'])
})
