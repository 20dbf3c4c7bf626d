import assert from 'node:assert/strict'
import { once } from 'node:events'
import { statSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createConnection, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { createKey } from '#kernel/seal'
import { doorPath, knock } from '#kernel/service'
import { openDoor } from './door.ts'
import { createWords } from './words.ts'

async function withFolder(use: (busPath: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'runa-door-'))
  try {
    await use(join(folder, 'bus'))
  } finally {
    await rm(folder, { recursive: true })
  }
}

const WORDS = createWords(createKey()).keysOf(['conversation', 'tieto'])

test('a program of the same user is given the keys of the words at the door', () =>
  withFolder(async (busPath) => {
    assert.equal((await knock(busPath)).size, 0, 'a bus without a door has no keys')
    const door = await openDoor(busPath, WORDS)
    assert.equal(statSync(doorPath(busPath)).mode & 0o777, 0o600)
    assert.deepEqual(await knock(busPath), WORDS)
    await door.close()
    assert.equal((await knock(busPath)).size, 0)
  }))

test('who says something, stays too long or comes as one too many is shown out, and the next is served', () =>
  withFolder(async (busPath) => {
    const door = await openDoor(busPath, WORDS)
    const enter = async () => {
      const guest = createConnection({ path: doorPath(busPath), allowHalfOpen: true })
      guest.on('error', () => {})
      await once(guest, 'connect')
      return guest
    }
    const talker = await enter()
    talker.write('let me in')
    await gone(talker)
    const stayers = await Promise.all(Array.from({ length: 32 }, enter))
    await assert.rejects(knock(busPath), { code: 'SERVICE_LOST' })
    await Promise.all(stayers.map(gone))
    assert.deepEqual(await knock(busPath), WORDS)
    await door.close()
  }))

/** Reads nothing but what is needed to learn that the other side has closed. */
async function gone(guest: Socket): Promise<void> {
  const closed = once(guest, 'end')
  guest.resume()
  await closed
  guest.destroy()
}

test('what comes out of a door is taken for keys only where it is a table, and not too long', () =>
  withFolder(async (busPath) => {
    for (const [words, code] of [
      ['', 'SERVICE_LOST'],
      ['no keys', 'BIRTH_INVALID'],
      ['x'.repeat(10_000), 'BIRTH_INVALID'],
    ] as const) {
      const server = createServer((guest) => guest.on('error', () => {}).end(words))
      server.listen(doorPath(busPath))
      await once(server, 'listening')
      await assert.rejects(knock(busPath), { code })
      server.close()
      await once(server, 'close')
    }
  }))

test('a path that is too long for a socket is refused with the setting to change', async () => {
  await assert.rejects(openDoor(`/tmp/${'x'.repeat(120)}/bus`, WORDS), {
    code: 'CONFIG_INVALID',
    message: /bus\.folder/,
  })
})
