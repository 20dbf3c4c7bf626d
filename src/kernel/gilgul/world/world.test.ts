import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { parseConfig } from '#kernel/config'
import { lockByte } from '#kernel/sys'
import { identify } from '../identity.ts'
import { modelSpec, SERVICES } from '../spec/service-table.ts'
import { environmentOf } from './environment.ts'
import { lockHome } from './lock.ts'
import { busFolder, enterNewWorld, freshBusFolder } from './world.ts'

const folder = mkdtempSync(join(tmpdir(), 'runa-world-'))
after(() => rmSync(folder, { recursive: true }))

/** A process that holds the lock as a service does, and answers SIGTERM as it likes. */
async function startRemnant(lockPath: string, onTerm: string): Promise<ChildProcess> {
  const fd = openSync(lockPath, 'a+')
  assert.ok(lockByte(fd, 0))
  const program = `process.on('SIGTERM', () => ${onTerm}); console.log('up'); setInterval(() => {}, 1000)`
  const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'ignore', fd] })
  closeSync(fd)
  await once(child.stdout as NodeJS.ReadableStream, 'data')
  return child
}

test('a new world begins once the last process of the old one has ended, by wish or by force', async () => {
  const link = `${folder}-link`
  symlinkSync(folder, link)
  after(() => rmSync(link))
  for (const [onTerm, signal] of [
    ['process.exit(0)', null],
    ['undefined', 'SIGKILL'],
  ] as const) {
    const lockPath = join(folder, `world-${signal}.lock`)
    const remnant = await startRemnant(lockPath, onTerm)
    const exited = once(remnant, 'exit')
    // By way of a link, as a home may be reached.
    const fd = openSync(lockPath, 'a+')
    await enterNewWorld(fd, join(link, `world-${signal}.lock`), undefined)
    assert.equal((await exited)[1], signal)
    const other = openSync(lockPath, 'a+')
    assert.ok(!lockByte(other, 0))
    for (const open of [fd, other]) closeSync(open)
  }
})

test('the folder of a bus is made anew, for its owner alone, and not above what exists', async () => {
  const own = busFolder(folder, '/some/home')
  assert.notEqual(own, busFolder(folder, '/another/home'))
  mkdirSync(own)
  writeFileSync(join(own, 'bus'), 'of an earlier life')
  await freshBusFolder(own)
  assert.ok(!existsSync(join(own, 'bus')))
  assert.equal(statSync(own).mode & 0o777, 0o700)
  await assert.rejects(freshBusFolder(busFolder(join(folder, 'typo'), '/some/home')), {
    code: 'SYSTEM_CALL_FAILED',
    message: /typo/,
  })
})

test('one Runa a home: the second is told where the first is', async () => {
  const path = join(folder, 'runa.lock')
  const [first, second] = [openSync(path, 'a+'), openSync(path, 'a+')]
  const own = identify(process.pid) ?? assert.fail('this process has a start time')
  await lockHome(first, undefined)
  const running = {
    version: 1,
    bootId: '',
    bus: '',
    url: 'http://127.0.0.1:1',
    ancestor: own,
    gilgul: own,
    services: {},
  } as const
  await assert.rejects(lockHome(second, running), { code: 'RUNNING_ALREADY', message: /127\.0\.0\.1:1/ })
  await assert.rejects(lockHome(second, undefined), { code: 'RUNNING_ALREADY', message: /already starting/ })
  // One whose ancestor is dead is just ending: that is worth waiting for.
  const waiting = lockHome(second, { ...running, ancestor: { ...own, startTicks: 1 } })
  closeSync(first)
  await waiting
  closeSync(second)
})

test('a service sees what it needs of the environment, and keys of other servers only where they are used', () => {
  const config = parseConfig(`engine:
  servers:
    - { id: far, baseUrl: 'https://example.org/v1', model: m, keyVariable: FAR_KEY }`)
  const own = {
    PATH: '/bin',
    HOME: '/h',
    RUNA_HOME: '/r',
    FAR_KEY: 'k',
    SECRET: 's',
    RUNA_EXTRA_CA_CERTS: '/ca',
  }
  const [inference, tieto] = SERVICES.filter(({ section }) => section === undefined)
  assert.ok(inference?.name === 'inference' && tieto?.name === 'tieto')
  const seen = environmentOf(tieto, { config, busPath: '/bus', own })
  assert.deepEqual(Object.keys(seen).sort(), [
    'HOME',
    'MALLOC_ARENA_MAX',
    'PATH',
    'RUNA_BUS',
    'RUNA_HOME',
    'RUNA_SERVICE',
  ])
  const more = environmentOf(inference, { config, busPath: '/bus', own })
  assert.deepEqual([more['FAR_KEY'], more['NODE_EXTRA_CA_CERTS'], more['SECRET']], ['k', '/ca', undefined])
  assert.equal(
    environmentOf(modelSpec('model-a', {}), { config, busPath: '/bus', own })['FAR_KEY'],
    undefined,
  )
})

test('the table names mains that exist, and needs that are in it', () => {
  for (const { main, needs } of [...SERVICES, modelSpec('model-a', {})]) {
    assert.ok(existsSync(main), main)
    for (const need of needs) assert.ok(SERVICES.some(({ name }) => name === need))
  }
})
