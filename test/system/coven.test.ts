import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { Socket } from 'node:net'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { createCoven, createDesk, openCoven, type Session } from '#kernel/coven'
import { createSealedMemory, createSocketPair, processStartTicks } from '#kernel/sys'
import { createBirthplace } from '../../src/kernel/coven/birthplace.ts'
import { createLink } from '../../src/kernel/coven/link.ts'
import { openSession } from '../../src/kernel/coven/session.ts'
import { GILGUL, openHouse } from './coven-house.ts'
import { launchAsGilgul } from './coven-launch.ts'
import { until } from './test-runa.ts'

const WORKER = fileURLToPath(new URL('coven-worker.js', import.meta.url))
const folder = mkdtempSync('/dev/shm/runa-coven-test-')
const opened = await openCoven({ folder: join(folder, 'vault') })
await opened.vault.set('mail', Buffer.from('a secret of 21 bytes.'))
await opened.vault.grant('mail', 'tieto', true)
const answer = createDesk(createCoven(opened))
after(async () => {
  await opened.close()
  rmSync(folder, { recursive: true })
})

let made = 0
/** Where a process says what came of it. */
function createOutput(): { readonly fd: number; readonly said: () => string } {
  made += 1
  const path = join(folder, `said-${made}`)
  return { fd: openSync(path, 'w'), said: () => readFileSync(path, 'utf8').trim() }
}

const AS_WORKER = (role: string): readonly string[] => [process.execPath, WORKER, role]

function launch(role: string, output: number, line = AS_WORKER(role)) {
  return launchAsGilgul(line, output, { answer })
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGKILL')
  await once(child, 'exit')
}

test('a gilgul that coven starts gets the secrets that were granted, and its end ends the link', async () => {
  const output = createOutput()
  const { child, session } = await launch('honest', output.fd)
  await until(() => output.said() !== '')
  assert.equal(output.said(), 'version 1, 21 bytes')
  await end(child)
  assert.equal(await session.ended, undefined)
})

test('when coven goes away, gilgul learns it', async () => {
  const output = createOutput()
  const { child, session } = await launch('honest', output.fd)
  await until(() => output.said() !== '')
  session.close()
  await once(child, 'exit')
  assert.match(output.said(), /ended$/)
})

test('neither key nor secret stands in the arguments or the environment of gilgul', async () => {
  const output = createOutput()
  const { child } = await launch('honest', output.fd)
  await until(() => output.said() !== '')
  assert.equal(readFileSync(`/proc/${child.pid}/environ`, 'latin1'), '')
  assert.deepEqual(readFileSync(`/proc/${child.pid}/cmdline`, 'latin1').split('\0').slice(1), [
    WORKER,
    'honest',
    '',
  ])
  await end(child)
})

test('a gilgul that was started by hand gets nothing', async () => {
  const output = createOutput()
  const child = spawn(process.execPath, [WORKER, 'honest'], { stdio: ['ignore', output.fd, output.fd] })
  assert.deepEqual(await once(child, 'exit'), [77, null])
  assert.match(output.said(), /^COVEN_REFUSED: There is no link/)
})

test('a gilgul that another process started in between gets nothing', async () => {
  const output = createOutput()
  const command = ['/bin/sh', '-c', `'${process.execPath}' '${WORKER}' honest; exit 1`]
  await assert.rejects(launch('honest', output.fd, command), { code: 'COVEN_REFUSED' })
  assert.match(output.said(), /^COVEN_REFUSED: The link was made by process \d+, which is not the parent/)
})

test('a gilgul under a tracer refuses, and one that hides it is refused by coven', async (t) => {
  for (const role of ['traced', 'careless']) {
    const output = createOutput()
    await assert.rejects(launch(role, output.fd), (error: Error & { code: string }) => {
      if (output.said() === 'not traced') t.skip('this system lets nobody trace')
      else assert.equal(error.code, 'COVEN_REFUSED')
      if (role === 'careless') assert.match(error.message, /is being traced/)
      return true
    })
    if (role === 'traced') assert.match(output.said(), /^COVEN_REFUSED: Process \d+ traces this one/)
  }
})

test('a frame that gilgul says twice, or with a wrong bit, closes the link', async () => {
  for (const role of ['replay', 'flip']) {
    const output = createOutput()
    // The wrong frame may come together with the proof, or after it.
    const fault = await launch(role, output.fd).then(
      ({ session }) => session.ended,
      (error) => error,
    )
    assert.equal(fault?.code, 'COVEN_LINK_BROKEN')
  }
})

/** Starts the worker as coven would, but with another bus. */
async function launchWithBus(busFd: number, launchKey: Buffer): Promise<string> {
  const output = createOutput()
  const [ours, theirs] = createSocketPair()
  const socket = new Socket({ fd: ours, readable: true, writable: true })
  const stdio = ['ignore', output.fd, output.fd, 'ignore', theirs, busFd] as const
  const child = spawn(process.execPath, [WORKER, 'honest'], { stdio: [...stdio], env: {} })
  closeSync(theirs)
  const identity = (pid: number) => ({ pid, startTicks: processStartTicks(pid) ?? 0 })
  const [own, peer] = [identity(process.pid), identity(child.pid ?? 0)]
  const link = createLink({ role: 'coven', launchKey, own, peer })
  const options = { socket, link, timeoutMs: 20_000, onMessage: () => {} }
  const [exit] = await Promise.all([
    once(child, 'exit'),
    assert.rejects(openSession(options), { code: 'COVEN_REFUSED' }),
  ])
  assert.deepEqual(exit, [77, null])
  return output.said()
}

test('a gilgul with a bus that is a file, empty, used before or of another launch refuses', async () => {
  const { busFd, launchKey } = createBirthplace()
  const path = join(folder, 'bus-file')
  writeFileSync(path, Buffer.alloc(2 ** 20))
  const file = openSync(path, 'r+')
  assert.match(await launchWithBus(file, launchKey), /^COVEN_REFUSED: There is no sealed bus/)
  const empty = createSealedMemory('runa-coven', 2 ** 20)
  assert.match(await launchWithBus(empty, launchKey), /^COVEN_REFUSED: The bus holds no key/)
  const other = createBirthplace()
  assert.match(
    await launchWithBus(other.busFd, launchKey),
    /^COVEN_REFUSED: coven has not the key of this launch/,
  )
  assert.match(await launchWithBus(other.busFd, launchKey), /^COVEN_REFUSED: The bus holds no key/)
  for (const fd of [busFd, file, empty, other.busFd]) closeSync(fd)
})

test('a program that is not there is refused as well, and so is one that never proves anything', async () => {
  const output = createOutput()
  await assert.rejects(launch('', output.fd, ['/does/not/exist']), { code: 'COVEN_REFUSED' })
  const silent = launchAsGilgul(['/bin/sleep', '60'], output.fd, { answer, timeoutMs: 200 })
  await assert.rejects(silent, { code: 'COVEN_REFUSED' })
  writeSync(output.fd, '')
})

test('after each of ten deaths the next gilgul is served from a vault under a passphrase, and nobody is asked', async () => {
  const passphrase = Buffer.from('seven quiet herons')
  const house = openHouse({ unlock: { passphrase }, scryptN: 2 ** 10 })
  let state = await house.gilgul()
  const value = Buffer.from('another secret').toString('base64')
  await house.ask(state, (gilgul) => gilgul.setSecret({ name: 'mail', value }))
  for (let count = 1; count <= 10; count += 1) {
    process.kill(state.gilgul.pid, 'SIGKILL')
    state = await house.gilgul(state.gilgul)
    assert.equal((await house.ask(state, (gilgul) => gilgul.getSecret({ name: 'mail' }))).value, value)
  }
  const { entries } = await house.ask(state, (gilgul) => gilgul.auditSecrets({ count: 200 }))
  assert.equal(entries.filter(({ operation }) => operation === 'reveal').length, 10)
  await house.end()
})

test('a gilgul whose link closes gives out no secret, says so, and is replaced', async () => {
  const sessions: Session[] = []
  const house = openHouse({
    alter: ({ descriptors, attend }) => ({
      descriptors,
      async attend(pid) {
        const session = await attend(pid)
        sessions.push(session)
        return session
      },
    }),
  })
  const state = await house.gilgul()
  const value = Buffer.from('a secret').toString('base64')
  await house.ask(state, (gilgul) => gilgul.setSecret({ name: 'mail', value }))
  sessions[0]?.close()
  await house.ask(state, async (gilgul) => {
    await until(async () => (await gilgul.status({})).coven === 'lost')
    await assert.rejects(gilgul.getSecret({ name: 'mail' }), { code: 'COVEN_LINK_BROKEN' })
  })
  assert.match(readFileSync(join(house.paths.logs, 'gilgul.log'), 'utf8'), /The link to coven was closed/)
  const next = await house.gilgul(state.gilgul)
  assert.equal((await house.ask(next, (gilgul) => gilgul.getSecret({ name: 'mail' }))).value, value)
  assert.deepEqual(house.progress, ['gilgul has closed its link to coven. Trying again.'])
  await house.end()
})

test('a real gilgul that says coven waits for it, and has no link, makes nothing and ends', async () => {
  const home = join(folder, 'by-hand')
  const output = createOutput()
  const child = spawn(process.execPath, [GILGUL], {
    stdio: ['pipe', output.fd, 'ignore'],
    env: { RUNA_HOME: home, RUNA_COVEN: '1', RUNA_HELD: '1' },
  })
  assert.deepEqual(await once(child, 'exit'), [1, null])
  assert.match(output.said(), /"COVEN_REFUSED","message":"There is no link/)
  assert.ok(!existsSync(home))
})

test('a real gilgul that is not the child of coven is refused, also with everything that it should inherit', async () => {
  const main = join(folder, 'in-between.mjs')
  const stdio = `['inherit', 'inherit', 'inherit', 3, 4, 5, 6, 7, 8, 9]`
  writeFileSync(
    main,
    `import { spawn } from 'node:child_process'
    spawn(process.execPath, ['${GILGUL}'], { stdio: ${stdio} }).on('exit', (code) => process.exit(code))`,
  )
  const house = openHouse({ main })
  const failure = await house.ended
  assert.equal(failure?.code, 'COVEN_REFUSED')
  assert.match(failure.message, /The link was made by process \d+, which is not the parent/)
  await house.end()
})
