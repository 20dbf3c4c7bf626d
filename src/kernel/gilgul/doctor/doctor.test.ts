import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { openCoven } from '#kernel/coven'
import { homePaths } from '#kernel/home'
import { isPaused } from '#kernel/sys'
import type { ServiceStatus } from '#protocol'
import { examineRuna } from './doctor.ts'
import type { Finding } from './finding.ts'
import type { SecretsTold } from './vault-check.ts'

const folder = mkdtempSync(join(tmpdir(), 'runa-doctor-'))
after(() => rmSync(folder, { recursive: true }))

function createHome(config = 'face: {port: 0}\n') {
  const paths = homePaths(mkdtempSync(join(folder, 'home-')))
  for (const place of [paths.vault, paths.models, paths.run]) mkdirSync(place)
  writeFileSync(paths.config, config)
  return paths
}

const amiss = (findings: readonly Finding[]) =>
  findings.filter(({ verdict }) => verdict !== 'well').map(({ subject, cause }) => [subject, cause])

const service = (changes: Partial<ServiceStatus>): ServiceStatus => ({
  ...{ name: 'tieto', state: 'running', reason: 'It runs.', pid: process.pid, restarts: 0 },
  ...{ uptimeMs: 1, memoryBytes: 1, needs: [] },
  ...changes,
})

test('a home where nothing is wrong is found well, and nothing in it is changed', async () => {
  const paths = createHome()
  const look = () =>
    readdirSync(paths.home, { recursive: true })
      .map(String)
      .sort()
      .map((name) => [name, statSync(join(paths.home, name)).mtimeMs])
  const before = look()
  assert.deepEqual(amiss(await examineRuna(undefined, paths)), [])
  assert.deepEqual(look(), before)
})

test('a vault that is sealed, and secrets that could be swapped, are told; and what is well as well', async () => {
  const guarded = { guard: 'locked', sizeBytes: 1, unguarded: 0 } as const
  const tell = async (secrets: SecretsTold) =>
    (await examineRuna([], createHome(), secrets))
      .filter(({ subject }) => subject === 'secrets')
      .map(({ verdict, text, advice }) => `${verdict}: ${text} ${advice}`)
  assert.deepEqual(await tell({}), [])
  const [sealed, locked] = await tell({ coven: 'sealed', secretMemory: guarded })
  assert.match(sealed ?? '', /^doubtful: The vault is sealed.*runa secret unseal/)
  assert.match(locked ?? '', /^well: .* never swapped/)
  assert.match((await tell({ secretMemory: { ...guarded, guard: 'open' } }))[0] ?? '', /^doubtful: .*swapped/)
  assert.match((await tell({ secretMemory: { ...guarded, unguarded: 3 } }))[0] ?? '', /^doubtful: 3 had no/)
})

test('how a vault opens is told, and what is missing of it', async () => {
  const paths = createHome()
  const tell = async () => {
    const findings = await examineRuna(undefined, paths)
    return findings
      .filter(({ subject }) => subject === 'vault')
      .map(({ verdict, text }) => `${verdict}: ${text}`)
  }
  await (await openCoven({ folder: paths.vault })).close()
  assert.deepEqual(await tell(), ['well: It opens with its key file.'])
  rmSync(join(paths.vault, 'vault.key'))
  assert.match((await tell())[0] ?? '', /^wrong: .*vault\.key is gone/)
  writeFileSync(join(paths.vault, 'secrets.vault'), 'a letter to a friend')
  assert.match((await tell())[0] ?? '', /^wrong: /)
})

test('faulty settings are named by line, and the rest is looked at all the same', async () => {
  const findings = await examineRuna(undefined, createHome('face:\n  port: many\n'))
  assert.deepEqual(amiss(findings), [['settings', 'bad-configuration']])
  assert.match(findings.find(({ subject }) => subject === 'settings')?.text ?? '', /line 2/)
  assert.ok(findings.some(({ subject }) => subject === 'memory'))
})

test('who has the port of the page is named', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  const findings = await examineRuna(undefined, createHome(`face: {port: ${port}}\n`))
  server.close()
  const found = findings.find(({ subject }) => subject === 'port')
  assert.equal(found?.cause, 'port-taken')
  assert.match(found?.text ?? '', new RegExp(`process ${process.pid}`))
  assert.ok((found?.repairs.length ?? 0) > 0)
})

test('models that cannot be loaded are found before anybody asks for them', async () => {
  const paths = createHome()
  const whole = join(paths.models, 'whole.gguf')
  const text = join(paths.models, 'text.gguf')
  writeFileSync(whole, 'GGUF whole')
  writeFileSync(text, 'no model')
  const model = (id: string, path: string, sizeBytes: number, cacheBytesPerToken = 0) => ({
    ...{ id, path, sizeBytes, contextTokens: 4_096, cacheBytesPerToken },
  })
  const models = [
    model('whole', whole, 10),
    model('cut', whole, 11),
    model('text', text, 8),
    model('gone', join(paths.models, 'gone.gguf'), 8),
    model('vast', whole, 10, 2 ** 40),
  ]
  writeFileSync(join(paths.models, 'models.json'), JSON.stringify({ version: 1, default: null, models }))
  assert.deepEqual(amiss(await examineRuna(undefined, paths)), [
    ['model cut', 'model-corrupt'],
    ['model text', 'model-corrupt'],
    ['model gone', 'file-missing'],
    ['model vast', undefined],
  ])
})

test('a vault that is gone, and a key that others may read, are found', async () => {
  const paths = createHome()
  const file = (name: string) => join(paths.vault, name)
  writeFileSync(file('audit.journal'), '')
  assert.deepEqual(amiss(await examineRuna(undefined, paths)), [['vault', 'file-missing']])
  for (const name of ['secrets.vault', 'audit.journal'])
    writeFileSync(file(name), '', { mode: 0o600, flag: 'w' })
  rmSync(file('audit.journal'))
  writeFileSync(file('vault.key'), '', { mode: 0o644 })
  const findings = await examineRuna(undefined, paths)
  assert.match(findings.find(({ subject }) => subject === 'vault')?.advice ?? '', /chmod 600 .*vault\.key/)
})

test('of services, what gilgul knows and what is seen from outside', async () => {
  const paused = spawn('sleep', ['60'])
  paused.kill('SIGSTOP')
  while (!isPaused(paused.pid ?? 0)) await new Promise(setImmediate)
  const trouble = { cause: 'disk-full', because: 'There is no room.', repairs: ['It waits.'] } as const
  const services = [
    service({ name: 'tieto' }),
    service({ name: 'snarf', pid: paused.pid ?? null }),
    service({ name: 'alethia', state: 'failed', reason: 'No.', pid: null }),
    service({ name: 'conversation', state: 'waiting', pid: null, needs: ['alethia'] }),
    service({ name: 'threadwell', state: 'backoff', pid: null, trouble: { ...trouble, repairs: [] } }),
  ]
  const findings = await examineRuna(services, createHome())
  paused.kill('SIGKILL')
  assert.deepEqual(amiss(findings), [
    ['service snarf', 'hang'],
    ['service alethia', 'unknown'],
    ['service conversation', 'dependency-down'],
    ['service threadwell', 'disk-full'],
  ])
})
