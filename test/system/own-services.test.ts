import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { createTestRuna, kill, until } from './test-runa.ts'

// What is saved is taken up when the test says so.
const runa = createTestRuna('gilgul: {watch: false}\n')
const write = (name: string, text: string) => writeFileSync(join(runa.home, 'services', `${name}.yaml`), text)

/** Lives for as long as its input does. */
const IDLE = 'command: [sh, -c, "read never"]\n'

const CANARY = join(runa.home, 'canary')
const APART = `cat ${CANARY}; echo mine > "$RUNA_HOME/kept"; cat "$RUNA_HOME/kept"; read never`
const GROUP = 'group: {name: g}\n'

before(async () => {
  mkdirSync(join(runa.home, 'services'))
  write('one', IDLE)
  write('two', `${IDLE}needs: [one]\n`)
  write('mended', `${IDLE}${GROUP}onFailure: {killed: [{run: [sh, -c, "exit 5"]}, stop-group]}\n`)
  write('beside', `${IDLE}${GROUP}`)
  write('large', `${IDLE}memoryBytes: 9000000000000\n`)
  writeFileSync(CANARY, 'a canary sings')
  write('apart', `command: [sh, -c, ${JSON.stringify(APART)}]\nisolation: {kind: landlock}\n`)
  await runa.start()
})
after(() => runa.remove())

/** From the state file: asking gilgul takes half a second each time. */
function pids(): Record<string, number | undefined> {
  const { services } = runa.state()
  return Object.fromEntries(Object.entries(services).map(([name, { process }]) => [name, process?.pid]))
}

test('a change starts, stops and restarts what it touches, and nothing else', async () => {
  const first = pids()
  assert.ok(first['one'] && first['two'])
  // How it is watched is no reason to start it anew; what it is started with is one.
  write('one', `${IDLE}restart: {deathsMax: 3}\nonFailure: {killed: [restart]}\nmemoryBytes: 1000000\n`)
  write('two', `${IDLE}needs: [one]\nenvironment: {A: b}\n`)
  write('three', IDLE)
  const change = await runa.ask('gilgul', 'apply')
  assert.deepEqual([change['started'], change['stopped'], change['restarted']], [['three'], [], ['two']])
  const second = pids()
  for (const name of Object.keys(first).filter((name) => name !== 'two'))
    assert.equal(second[name], first[name], name)
  rmSync(join(runa.home, 'services', 'two.yaml'))
  assert.deepEqual((await runa.ask('gilgul', 'apply'))['stopped'], ['two'])
  assert.equal(pids()['three'], second['three'])
})

test('a mistake is told with its place, and changes nothing', async () => {
  const first = pids()
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
  assert.deepEqual(pids(), first)
})

test('what its owner wants done about a death is done, and stands in the history', async () => {
  const { mended = 0 } = pids()
  kill(mended)
  await until(() => (pids()['mended'] ?? mended) !== mended)
  const { stdout } = await runa.runa('logs', 'mended', '--history')
  assert.match(stdout, /The program sh, which its owner wants run, ended with status 5\./)
  kill(pids()['mended'] ?? 0)
  await until(() => pids()['beside'] === undefined)
  await until(async () => (await runa.status('beside')).state === 'failed')
  assert.match((await runa.status('beside')).reason, /^mended has died/)
  assert.ok(pids()['one'])
})

test('a service that there is no memory for is refused with figures, and harms nobody', async () => {
  const { state, reason } = await runa.status('large')
  assert.equal(state, 'failed')
  assert.match(reason, /large is said to need 9000 GB; .* is free/)
})

test('one that is to be kept apart sees what it is given and nothing else, and is adopted as any', async (context) => {
  const { state, reason, confinement } = await runa.status('apart')
  if (reason.includes('ISOLATION_MISSING')) return context.skip(reason)
  assert.deepEqual([state, confinement?.isolation, confinement?.missing], ['running', 'landlock', []])
  const log = readFileSync(join(runa.home, 'logs/apart.log'), 'utf8')
  assert.match(log, /canary: Permission denied\nmine\n$/)
  const [{ gilgul }, { apart }] = [runa.state(), pids()]
  kill(gilgul.pid)
  await until(() => runa.state().gilgul.pid !== gilgul.pid)
  assert.equal(pids()['apart'], apart)
})
