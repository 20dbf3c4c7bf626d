import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { createKey } from '#kernel/seal'
import { awaitService, call, connect } from '#kernel/service'
import { createBus } from '#kernel/splinter'
import { alethiaContract, createUuidV7 } from '#protocol'
import { standInSecrets } from '../../src/face/threadwell/stand-ins.ts'
import { standInGilgul } from './stand-in-secrets.ts'

const MAIN = fileURLToPath(new URL('../../src/knowledge/alethia/main.js', import.meta.url))
const READY_MS = 20_000
const SENTENCE = 'The heron stood in the reeds until noon.'

/** alethia as a process of its own, on a bus of its own. */
async function createProcess(context: TestContext) {
  const home = await mkdtemp(join(tmpdir(), 'runa-home-'))
  const busFolder = await mkdtemp('/dev/shm/runa-test-')
  const busPath = join(busFolder, 'bus')
  createBus({ path: busPath })
  const { transport, close } = await connect(busPath, 'test')
  let said = ''
  const kept = new Map([['alethia.master', createKey()]])
  const gilgul = await standInGilgul(busPath, 'alethia', standInSecrets(kept))
  let child = start()

  function start() {
    const started = gilgul.start(MAIN, { ...process.env, RUNA_BUS: busPath, RUNA_HOME: home }, 'pipe')
    started.stderr?.on('data', (bytes: Buffer) => {
      said += bytes
    })
    return started
  }

  context.after(async () => {
    child.kill('SIGKILL')
    await gilgul.close()
    close()
    await rm(busFolder, { recursive: true })
    await rm(home, { recursive: true })
  })
  await awaitService(transport, 'alethia', { timeoutMs: READY_MS })
  return {
    home,
    alethia: call(alethiaContract, transport),
    said: () => said,
    async killAndRestart() {
      child.kill('SIGKILL')
      await once(child, 'exit')
      child = start()
      await awaitService(transport, 'alethia', { timeoutMs: READY_MS })
    },
  }
}

async function filesWith(folder: string, text: string): Promise<string[]> {
  const found: string[] = []
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    if (entry.isFile() && (await readFile(path)).includes(text)) found.push(path)
  }
  return found
}

test('the service keeps what it acknowledged when it is killed, and nothing of it in clear', async (context) => {
  const { home, alethia, said, killAndRestart } = await createProcess(context)
  const [id, thread] = [createUuidV7(), createUuidV7()]
  await alethia.remember({ id, thread, utterances: [{ speaker: 'you', text: SENTENCE }] })
  await killAndRestart()
  const { recalled } = await alethia.recall({ query: 'What did the heron do in the reeds?' })
  assert.equal(recalled[0]?.text, SENTENCE)
  assert.deepEqual(await filesWith(home, 'heron'), [])

  const choice = { containing: 'heron' }
  const { confirm } = await alethia.forget({ choice })
  await alethia.forget({ choice, confirm })
  await killAndRestart()
  assert.deepEqual((await alethia.recall({ query: 'heron' })).recalled, [])
  const { forgotten, turns, faults } = await alethia.verify({})
  assert.deepEqual({ forgotten, turns, faults }, { forgotten: 1, turns: 0, faults: [] })
  // The log is written a moment after the answer is sent.
  while (!said().includes('verify')) await sleep(5)
  assert.ok(said().includes('recall'), 'calls are logged')
  assert.ok(!said().includes('heron'), 'but not what was said')
})
