import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { Citation } from '#protocol'
import { createTestRuna, type TestRuna, UP, until } from './test-runa.ts'

const FERRY = `# The ferry

The ferry to Holm leaves at seven in the morning — on Sundays at nine. A ticket costs four crowns.

The master of the ferry is called Tove Lund. She has sailed it for thirty years.
`
const LIGHTHOUSE = `---
title: The lighthouse
year: 1871
---

The lighthouse of Holm was built in 1871. Its lamp burns whale oil no longer.
`

const homes: TestRuna[] = []
function createHome(config?: string): TestRuna {
  const home = createTestRuna(config)
  homes.push(home)
  return home
}
after(async () => {
  for (const home of homes) await home.remove()
})

function writeDocuments(home: string): string {
  const folder = join(home, 'documents')
  mkdirSync(folder)
  writeFileSync(join(folder, 'ferry.md'), FERRY)
  writeFileSync(join(folder, 'lighthouse.md'), LIGHTHOUSE)
  writeFileSync(join(folder, 'broken.md'), '---\ntitle: [\n---\nNobody can read the head of this.\n')
  return folder
}

test('from a start to an answer that cites the bytes of a file, and to an end that leaves nothing', async () => {
  const home = createHome()
  const folder = writeDocuments(home.home)
  const { address, process: ancestor } = await home.start()
  assert.match(address, /^http:\/\/127\.0\.0\.1:\d+\/login\?token=\S+$/)

  const { services } = (await home.ask('status')) as { services: Record<string, unknown>[] }
  assert.deepEqual(
    services.map(({ name, state, restarts }) => [name, state, restarts]),
    ['gilgul', 'inference', 'tieto', 'alethia', 'snarf', 'conversation', 'threadwell'].map((name) => [
      name,
      'running',
      0,
    ]),
  )
  for (const { pid, memoryBytes } of services) assert.ok(Number(pid) > 1 && Number(memoryBytes) > 1_000_000)

  const ingested = await home.ask('ingest', folder, '--topic', 'holm')
  assert.deepEqual([ingested['stored'], (ingested['skipped'] as unknown[]).length], [2, 1])
  const again = await home.ask('ingest', folder, '--topic', 'holm')
  assert.deepEqual([again['stored'], again['unchanged']], [0, 2])

  const answer = await home.ask('ask', '--topic', 'holm', 'Who is the master of the ferry?')
  const citations = answer['citations'] as Citation[]
  assert.equal(answer['match'], true)
  assert.ok(citations.some(({ text }) => text.includes('Tove Lund')))
  for (const { document, start, end, text } of citations) {
    const bytes = readFileSync(join(folder, document.replace(/^documents\//, '')))
    assert.equal(bytes.toString('utf8', start, end), text)
  }
  const nothing = await home.ask('ask', '--topic', 'holm', 'What is the boiling point of mercury?')
  assert.deepEqual(nothing['citations'], [])

  const streamed = await home.runa('ask', '--topic', 'holm', 'When was the lighthouse built?')
  assert.match(streamed.stdout, /1871[\s\S]*\nSources:\n\[\d+\] holm: /)

  const down = await home.runa('down')
  assert.equal(down.status, 0, down.stderr)
  if (ancestor.exitCode === null) await once(ancestor, 'close')
  assert.equal(ancestor.exitCode, 0)
  assert.deepEqual(home.processes(), [])
  assert.ok(!existsSync(home.busFolder))
})

test('a detached start returns, a second start names the address, and both ends are clean', async () => {
  const home = createHome()
  const detached = await home.runa('up', '--detach', '--json')
  assert.equal(detached.status, 0, detached.stderr)
  const { url, loginUrl } = JSON.parse(detached.stdout)
  assert.ok(loginUrl.startsWith(`${url}/login?token=`))
  assert.equal((await fetch(`${url}/healthz`)).status, 200)

  const second = await home.runa('up')
  assert.equal(second.status, 1)
  assert.equal(second.stdout, '')
  assert.match(second.stderr, /^Runa is already running with this RUNA_HOME at http:.* \[RUNNING_ALREADY\]\n/)
  assert.ok(second.stderr.includes(url))

  assert.equal((await home.runa('down')).status, 0)
  assert.deepEqual(home.processes(), [])
  assert.equal((await home.runa('down')).status, 1)
})

test('SIGTERM sent to npm alone stops everything', async () => {
  const home = createHome()
  const { address, process: npm } = await home.start(['npm', 'start', '--silent'])
  assert.match(address, /^http:/)
  npm.kill('SIGTERM')
  if (npm.exitCode === null && npm.signalCode === null) await once(npm, 'exit')
  await until(() => home.processes().length === 0)
  assert.ok(!existsSync(home.busFolder))
})

test('what a power cut leaves behind is no obstacle', async () => {
  const home = createHome()
  const run = join(home.home, 'run')
  mkdirSync(run)
  const nobody = { pid: 1, startTicks: 1 }
  const services = { tieto: { process: nobody, restarts: 7 } }
  const state = { version: 1, bus: '/dev/shm/none', url: '', ancestor: nobody, gilgul: nobody, services }
  for (const bootId of ['another', readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()]) {
    writeFileSync(join(run, 'runa.json'), JSON.stringify({ ...state, bootId }))
    writeFileSync(join(run, 'runa.lock'), '1')
    writeFileSync(join(run, 'world.lock'), '1')
    mkdirSync(home.busFolder, { recursive: true })
    writeFileSync(join(home.busFolder, 'bus'), 'of an earlier life')
    assert.equal((await home.runa('up', '--detach')).status, 0)
    assert.equal((await home.status('tieto')).restarts, 0)
    assert.equal((await home.runa('down')).status, 0)
  }
})

/** Starts with what is wrong, and gives the sentence that it ends with. Nothing may be left of it. */
async function failToStart(home: TestRuna, ...words: string[]): Promise<string> {
  const { status, stdout, stderr } = await home.runa('up', ...words)
  assert.equal(status, 1, stderr)
  assert.equal(stdout, '')
  assert.doesNotMatch(stderr, /\n {4}at /)
  assert.deepEqual(home.processes(), [])
  assert.ok(!existsSync(home.busFolder))
  return stderr
}

test('a start that cannot succeed says why, and leaves nothing behind', async () => {
  assert.match(
    await failToStart(createHome('face: {port: [}')),
    /runa\.yaml(:1:\d+|, line 1): .*\[CONFIG_INVALID\]/,
  )
  assert.match(await failToStart(createHome('bus: {folder: /nonexistent/none}')), /\/nonexistent\/none/)

  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const port = String((server.address() as { port: number }).port)
  const busy = await failToStart(createHome(), '--port', port)
  assert.match(busy, new RegExp(`\\(process ${process.pid}\\) listens on port ${port} .*\\[PORT_BUSY\\]`))
  server.close()

  const home = createHome()
  writeFileSync(join(home.home, 'run'), 'a file where a folder should be')
  assert.match(await failToStart(home), /cannot write to its folder: ENOTDIR/)
})

test('a bus that has no room says how much it asked for', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'runa-small-'))
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'none', folder], { stdio: 'ignore' })
  } catch {
    rmSync(folder, { recursive: true })
    return t.skip('only root can make a small file system')
  }
  try {
    assert.match(await failToStart(createHome(`bus: {folder: ${folder}}`)), /\[BUS_NO_SPACE\]/)
  } finally {
    execFileSync('umount', [folder])
    rmSync(folder, { recursive: true })
  }
})

test('a service that cannot start is quoted, and nothing is tried again and again', async () => {
  const home = createHome()
  mkdirSync(join(home.home, 'topics'), { recursive: true })
  rmSync(join(home.home, 'topics'), { recursive: true })
  writeFileSync(join(home.home, 'topics'), 'a file where a folder should be')
  const { status, stderr } = await home.runa(...UP.slice(2))
  assert.equal(status, 1)
  assert.match(stderr, /tieto/)
})
