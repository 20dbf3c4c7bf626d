import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { packageFolder } from '#kernel/home'
import { landlockVersion } from '#kernel/sys'
import type { ServiceStatus } from '#protocol'
import { writeModel } from '../model/fixtures.ts'
import { randomLlama, SMALL } from '../model/random-models.ts'
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

/** In a model's process, before its main: what native code that was taken over would try. */
const INTRUDER = `
const fs = require('node:fs')
const { connect } = require('node:net')
const { join } = require('node:path')
const home = process.env.RUNA_HOME
const found = {}
function attempt(name, act) {
  try { act(); found[name] = 'done' } catch (error) { found[name] = error.code }
}
const tell = () => fs.writeFileSync(join(home, 'found/model.json'), JSON.stringify(found))
if (/model.main\\.js$/.test(process.argv[1] ?? '')) {
  attempt('canary', () => fs.readFileSync(join(home, 'canary')))
  attempt('vault', () => fs.readdirSync(join(home, 'vault')))
  attempt('plant', () => fs.writeFileSync(join(home, 'planted'), ''))
  attempt('parent', () => fs.readFileSync('/proc/' + process.ppid + '/environ'))
  attempt('program', () => { throw require('node:child_process').spawnSync('/bin/true').error ?? 'it ran' })
  fs.readFile(join(home, 'canary'), (error) => {
    found.thread = error?.code ?? 'done'
    connect(9, '127.0.0.1').on('error', ({ code }) => { found.socket = code; tell() })
  })
}
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
      [
        'engine: { threads: 1 }',
        'services:',
        `  tieto: { command: ${command}, isolation: ${isolation}, limits: ${limits} }`,
        '  alethia: { isolation: { kind: landlock } }',
        '  threadwell: { isolation: { kind: none } }',
        '  model:',
        `    environment: { NODE_OPTIONS: --require=${join(runa.home, 'intruder.cjs')} }`,
        '    isolation: { kind: landlock, required: true, read: [intruder.cjs], write: [found] }',
      ].join('\n'),
    )
    writeFileSync(join(runa.home, 'intruder.cjs'), INTRUDER)
    writeFileSync(join(runa.home, 'canary'), 'for nobody')
    mkdirSync(join(runa.home, 'found'))
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

  async function askModel(): Promise<void> {
    const { status, stderr } = await runa.runa('ask', '--model', 'apart', 'What is this?')
    assert.equal(status, 0, stderr)
  }

  test('a model answers, and reaches no file, socket, process or program that is none of its business', async (t) => {
    if (landlockVersion() === 0) return t.skip('this kernel has no Landlock in force')
    await runa.ask(
      'models',
      'add',
      await writeModel(join(runa.home, 'apart.gguf'), randomLlama({ ...SMALL, contextTokens: 4_096 })),
    )
    await askModel()
    const found = JSON.parse(readFileSync(join(runa.home, 'found/model.json'), 'utf8')) as object
    const no = 'EACCES'
    const files = { canary: no, vault: no, plant: no, parent: no, program: no, thread: no }
    assert.deepEqual(found, { ...files, socket: 'EAFNOSUPPORT' })
    const { pid, confinement } = await runa.status('model-apart')
    for (const fact of ['its own rules for files (Landlock)', 'no network', 'a filter for calls'])
      assert.ok(confinement?.inForce.includes(fact), fact)
    kill(pid ?? assert.fail('no model'))
    await askModel()
    assert.deepEqual((await runa.status('model-apart')).confinement, confinement)
  })

  test("what keeps Runa's own services apart is the owner's to say", async (t) => {
    if (landlockVersion() === 0) return t.skip('this kernel has no Landlock in force')
    const [inference, alethia, threadwell, snarf] = await Promise.all(
      ['inference', 'alethia', 'threadwell', 'snarf'].map(runa.status),
    )
    assert.deepEqual(
      [inference?.confinement?.isolation, inference?.confinement?.isDefault],
      ['landlock', true],
    )
    assert.deepEqual([alethia?.confinement?.isolation, alethia?.confinement?.isDefault], ['landlock', false])
    assert.ok(alethia?.confinement?.inForce.includes('no network'))
    assert.deepEqual([threadwell?.confinement, snarf?.confinement], [undefined, undefined])
  })

  test('they go on while gilgul dies, and are adopted with all that keeps them apart', async () => {
    const models = async () => (await runa.status('model-apart').catch(() => undefined)) ?? null
    const [before, modelBefore] = [await runa.status('tieto'), await models()]
    kill((await runa.status('gilgul')).pid ?? assert.fail('no gilgul'))
    let then: ServiceStatus | undefined
    await until(async () => {
      const [own, tieto] = await Promise.all([runa.status('gilgul'), runa.status('tieto')]).catch(() => [])
      then = tieto
      return own !== undefined && own.restarts > 0 && tieto?.state === 'running'
    })
    assert.deepEqual([then?.pid, then?.restarts], [before.pid, before.restarts])
    assert.deepEqual(then?.confinement, before.confinement)
    const model = await models()
    assert.deepEqual([model?.pid, model?.confinement], [modelBefore?.pid, modelBefore?.confinement])
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
