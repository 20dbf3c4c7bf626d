import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { withFolder } from '../stand-ins.ts'
import { startHttpServer } from './server.ts'

const answer = async () => new Response('here')

test('any free port is the same one after a restart', () =>
  withFolder(async (folder) => {
    const portFile = join(folder, 'port')
    const first = await startHttpServer(answer, 0, portFile)
    assert.equal(`http://127.0.0.1:${await readFile(portFile, 'utf8')}`, first.url)
    await first.close()
    const second = await startHttpServer(answer, 0, portFile)
    assert.equal(second.url, first.url)
    await second.close()
  }))

test('a port that cannot be written down, as on a full disk, keeps nobody from listening', () =>
  withFolder(async (folder) => {
    const { url, close } = await startHttpServer(answer, 0, join(folder, 'missing/port'))
    assert.equal(await (await fetch(url)).text(), 'here')
    await close()
  }))
