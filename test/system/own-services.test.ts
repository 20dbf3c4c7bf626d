import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { ServiceStatus } from '#protocol'
import { createTestRuna, kill, until } from './test-runa.ts'

// What is saved is taken up when the test says so.
const runa = createTestRuna('gilgul: {watch: false}\n')
const write = (name: string, text: string) => writeFileSync(join(runa.home, 'services', `${name}.yaml`), text)

/** Lives for as long as its input does. */
const IDLE = 'command: [sh, -c, "read never"]\n'

before(async () => {
  mkdirSync(join(runa.home, 'services'))
  write('one', IDLE)
  write('two', `${IDLE}needs: [one]\n`)
  await runa.start()
})
after(() => runa.remove())

async function pids(): Promise<Record<string, number | null>> {
  const { services } = (await runa.ask('status')) as { services: ServiceStatus[] }
  return Object.fromEntries(
    services.filter(({ name }) => name !== 'gilgul').map(({ name, pid }) => [name, pid]),
  )
}

test('a change starts, stops and restarts what it touches, and nothing else', async () => {
  const first = await pids()
  assert.ok(first['one'] && first['two'])
  // How it is watched is no reason to start it anew; what it is started with is one.
  write('one', `${IDLE}restart: {deathsMax: 3}\nonFailure: {killed: [restart]}\nmemoryBytes: 1000000\n`)
  write('two', `${IDLE}needs: [one]\nenvironment: {A: b}\n`)
  write('three', IDLE)
  const change = await runa.ask('gilgul', 'apply')
  assert.deepEqual([change['started'], change['stopped'], change['restarted']], [['three'], [], ['two']])
  const second = await pids()
  for (const name of Object.keys(first).filter((name) => name !== 'two'))
    assert.equal(second[name], first[name], name)
  rmSync(join(runa.home, 'services', 'two.yaml'))
  assert.deepEqual((await runa.ask('gilgul', 'apply'))['stopped'], ['two'])
  assert.equal((await pids())['three'], second['three'])
})

test('a mistake is told with its place, and changes nothing', async () => {
  const first = await pids()
  write('four', 'command: [a]\nlivness: {}\n')
  for (const words of [['check'], ['apply']]) {
    const { status, stdout, stderr } = await runa.runa('gilgul', ...words)
    assert.notEqual(status, 0)
    assert.match(
      `${stdout}${stderr}`,
      /four\.yaml:2:1: livness: there is no such field\. Did you mean liveness/,
    )
  }
  assert.equal((await runa.runa('gilgul', 'check', join(runa.home, 'services/one.yaml'))).status, 0)
  rmSync(join(runa.home, 'services', 'four.yaml'))
  assert.deepEqual(await pids(), first)
})

test('what its owner wants done about a death is done, and stands in the history', async () => {
  const group = 'group: {name: g}\n'
  write('mended', `${IDLE}${group}onFailure: {killed: [{run: [sh, -c, "exit 5"]}, stop-group]}\n`)
  write('beside', `${IDLE}${group}`)
  await runa.ask('gilgul', 'apply')
  const { mended } = await pids()
  assert.ok(mended)
  kill(mended)
  await until(async () => ((await pids())['mended'] ?? mended) !== mended)
  const { stdout } = await runa.runa('logs', 'mended', '--history')
  assert.match(stdout, /The program sh, which its owner wants run, ended with status 5\./)
  await until(async () => (await runa.status('mended')).state === 'running')
  kill((await runa.status('mended')).pid ?? 0)
  await until(async () => (await runa.status('beside')).state === 'failed')
  assert.match((await runa.status('beside')).reason, /^mended has died/)
  assert.equal((await runa.status('one')).state, 'running')
})

test('a service that there is no memory for is refused with figures, and harms nobody', async () => {
  write('large', `${IDLE}memoryBytes: 9000000000000\n`)
  await runa.ask('gilgul', 'apply')
  const { state, reason, trouble } = await runa.status('large')
  assert.deepEqual([state, trouble?.cause], ['failed', 'out-of-memory'])
  assert.match(reason, /large is said to need 9000 GB; .* is free/)
})

test('one that is to be kept apart sees what it is given and nothing else, and is adopted as any', async (context) => {
  const canary = join(runa.home, 'canary')
  writeFileSync(canary, 'a canary sings')
  const script = `cat ${canary}; echo mine > "$RUNA_HOME/kept"; cat "$RUNA_HOME/kept"; read never`
  write('apart', `command: [sh, -c, ${JSON.stringify(script)}]\nisolation: {kind: landlock}\n`)
  await runa.ask('gilgul', 'apply')
  const { state, pid, reason, confinement } = await runa.status('apart')
  if (reason.includes('ISOLATION_MISSING')) return context.skip(reason)
  assert.deepEqual([state, confinement?.isolation, confinement?.missing], ['running', 'landlock', []])
  const log = readFileSync(join(runa.home, 'logs/apart.log'), 'utf8')
  assert.match(log, /canary: Permission denied\nmine\n$/)
  kill((await runa.status('gilgul')).pid ?? 0)
  await until(async () => (await runa.runa('status', 'apart')).status === 0)
  assert.equal((await runa.status('apart')).pid, pid)
})
