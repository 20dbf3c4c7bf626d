import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { createConnection, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { isOfThisUser, listenForUser } from './index.ts'

const folder = mkdtempSync(join(tmpdir(), 'runa-user-door-'))
after(() => rmSync(folder, { recursive: true }))

test('guests that the system has no room for end nobody, and the next one is served', async () => {
  const path = join(folder, 'door')
  const server = createServer((guest) => void guest.end(isOfThisUser(guest) ? 'known' : 'a stranger'))
  await listenForUser(server, path)
  assert.equal(statSync(path).mode & 0o777, 0o600)
  // As Node tells it of a guest that it could not accept.
  for (const code of ['EMFILE', 'ENOMEM', 'EMFILE'])
    server.emit('error', Object.assign(new Error(), { code }))
  const guest = createConnection(path)
  const [said] = (await once(guest, 'data')) as [Buffer]
  assert.equal(said.toString(), 'known')
  server.close()
})

test('a place where nobody can listen is refused, and a closed socket is nobody', async () => {
  await assert.rejects(listenForUser(createServer(), join(folder, 'missing', 'door')), { code: 'EACCES' })
  assert.equal(isOfThisUser({ _handle: null } as unknown as Socket), false)
})
