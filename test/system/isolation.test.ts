import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { packageFolder } from '#kernel/home'
import type { ServiceStatus } from '#protocol'
import { createTestRuna, kill, until } from './test-runa.ts'

const PYTHON = '/usr/bin/python3'
const EXAMPLE = packageFolder('examples/tieto-in-python')
const MEMORY_BYTES = 192 * 2 ** 20

/** tieto in Python, which tries at its start what it may not do, and later eats memory on demand. */
const PROBE = `
import json, os, socket, sys, threading, time
sys.path.insert(0, ${JSON.stringify(EXAMPLE)})
def attempt(act):
    try: return str(act())
    except Exception as error: return type(error).__name__
home = os.environ['RUNA_HOME']
found = dict(socket=attempt(lambda: socket.socket()),
             vault=attempt(lambda: os.listdir(os.path.join(home, 'vault'))),
             key=attempt(lambda: open(sys.argv[1]).read()),
             bus=attempt(lambda: os.listdir('/dev/shm')))
json.dump(found, open(os.path.join(home, 'found.json'), 'w'))
def eat():
    while not os.path.exists(os.path.join(home, 'eat')): time.sleep(0.05)
    os.remove(os.path.join(home, 'eat'))
    eaten = []
    while True: eaten.append(bytearray(8 << 20))
threading.Thread(target=eat, daemon=True).start()
exec(open(${JSON.stringify(join(EXAMPLE, 'tieto.py'))}).read())
`

const TRIED = ['--ro-bind', '/', '/', '--unshare-pid', '--unshare-net', '--', PYTHON, '--version']
const fault = spawnSync('bwrap', TRIED).status === 0 ? '' : 'there is no bubblewrap, or no python3'

describe('a service under bubblewrap', { skip: fault !== '' && fault }, () => {
  const runa = createTestRuna()
  const own = join(runa.home, 'services/tieto')
  const docs = join(runa.home, 'docs')

  before(async () => {
    mkdirSync(docs)
    mkdirSync(join(runa.home, '.ssh'))
    writeFileSync(join(runa.home, '.ssh/id'), 'a key')
    writeFileSync(join(docs, 'red.md'), '# Jar\n\nThe red jar holds the buttons.\n')
    writeFileSync(join(runa.home, 'probe.py'), PROBE)
    const isolation = `{ kind: bubblewrap, read: [docs, ${JSON.stringify(EXAMPLE)}] }`
    const command = JSON.stringify([PYTHON, 'probe.py', join(runa.home, '.ssh')])
    const limits = `{ memoryBytes: ${MEMORY_BYTES} }`
    writeFileSync(
      join(runa.home, 'runa.yaml'),
      `services:\n  tieto:\n    command: ${command}\n    isolation: ${isolation}\n    limits: ${limits}\n`,
    )
    await runa.start()
  })
  after(() => runa.remove())

  async function assertAnswers(): Promise<void> {
    const { passages } = await runa.ask('search', 'buttons', '--topic', 'jars')
    assert.match(JSON.stringify(passages), /The red jar/)
  }

  test('it works, and what it may not reach is not there', async () => {
    await runa.ask('ingest', docs, '--topic', 'jars')
    await assertAnswers()
    assert.ok(readdirSync(own).includes('tieto-in-python.json'))
    const found = JSON.parse(readFileSync(join(own, 'found.json'), 'utf8')) as Record<string, string>
    assert.deepEqual(found, {
      socket: 'OSError',
      vault: 'FileNotFoundError',
      key: 'FileNotFoundError',
      bus: '[]',
    })
  })

  test('status says what is in force', async () => {
    const { confinement } = await runa.status('tieto')
    assert.equal(confinement?.isolation, 'bubblewrap')
    for (const fact of ['its own view of files', 'no network', 'a filter for calls', 'no new rights']) {
      assert.ok(confinement?.inForce.includes(fact), fact)
    }
    assert.deepEqual(confinement?.missing, [])
    assert.deepEqual(
      confinement?.limits.map(({ what, limit }) => [what, limit]),
      [['memoryBytes', MEMORY_BYTES]],
    )
    assert.match(
      (await runa.runa('status', '--long')).stdout,
      /tieto: kept apart by bubblewrap: .*no network/,
    )
  })

  test('it goes on while gilgul dies, and is adopted with all that keeps it apart', async () => {
    const before = await runa.status('tieto')
    kill((await runa.status('gilgul')).pid ?? assert.fail('no gilgul'))
    let then: ServiceStatus | undefined
    await until(async () => {
      const [own, tieto] = await Promise.all([runa.status('gilgul'), runa.status('tieto')]).catch(() => [])
      then = tieto
      return own !== undefined && own.restarts > 0 && tieto?.state === 'running'
    })
    assert.deepEqual([then?.pid, then?.restarts], [before.pid, before.restarts])
    assert.deepEqual(then?.confinement, before.confinement)
    await assertAnswers()
  })

  test('beyond its memory it is ended, and status says why', async (t) => {
    const { confinement } = await runa.status('tieto')
    if (!confinement?.limits.some(({ by }) => by.startsWith('cgroup'))) return t.skip('no control groups')
    const { restarts } = await runa.status('tieto')
    writeFileSync(join(own, 'eat'), '')
    await until(async () => (await runa.status('tieto')).restarts > restarts)
    await until(async () => (await runa.status('tieto')).state === 'running')
    const { trouble } = await runa.status('tieto')
    assert.equal(trouble?.cause, 'out-of-memory')
    await assertAnswers()
  })

  test('nothing of it is left', async () => {
    assert.equal((await runa.runa('down')).status, 0)
    assert.deepEqual(runa.processes(), [])
  })
})
