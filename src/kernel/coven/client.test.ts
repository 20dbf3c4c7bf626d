import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { secretMemory, wipe } from '#kernel/seal'
import { createCovenClient } from './client.ts'
import { createLink } from './link.ts'
import { openCoven } from './open.ts'
import { createCoven, createDesk } from './service.ts'

const folder = mkdtempSync(join(tmpdir(), 'runa-client-test-'))
const opened = await openCoven({ folder })
after(async () => {
  await opened.close()
  rmSync(folder, { recursive: true })
})

/** Both ends of a link in one process. */
function connectEnds() {
  const [own, peer] = [
    { pid: 100, startTicks: 1 },
    { pid: 101, startTicks: 2 },
  ]
  const launchKey = randomBytes(32)
  const coven = createLink({ role: 'coven', launchKey, own, peer })
  const gilgul = createLink({ role: 'gilgul', launchKey, own: peer, peer: own })
  coven.receive(gilgul.receive(coven.receive(gilgul.opening).reply).reply)
  const desk = createDesk(createCoven(opened))
  const client = createCovenClient((message) => {
    for (const request of coven.receive(gilgul.say(message)).messages) {
      void desk(request).then((answer) => {
        for (const heard of gilgul.receive(coven.say(answer)).messages) client.receive(heard)
      })
    }
  })
  return client
}

test('whatever is asked, no room of guarded memory stays taken once its value is wiped', async () => {
  const client = connectEnds()
  const about = { name: 'mail', service: 'person' }
  await client.ask('set', about, Buffer.from('a secret'))
  await client.ask('grant', { ...about, to: 'person', granted: true })
  const { usedBytes } = secretMemory()
  for (let count = 0; count < 20; count += 1) {
    const { value } = await client.ask('reveal', about)
    assert.equal(value.toString(), 'a secret')
    wipe(value)
    await client.ask('list', {})
    await assert.rejects(client.ask('reveal', { ...about, service: 'tieto' }), { code: 'SECRET_NOT_GRANTED' })
    await assert.rejects(client.ask('reveal', { ...about, version: 9 }), { code: 'SECRET_UNKNOWN' })
  }
  assert.equal(secretMemory().usedBytes, usedBytes)
})
