import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { homePaths } from '#kernel/home'
import { RESTART_DEFAULT } from '../keeping/restarts.ts'
import { type AncestorOptions, runAncestor } from './ancestor.ts'

const folder = mkdtempSync(join(tmpdir(), 'runa-ancestor-'))
after(() => rmSync(folder, { recursive: true }))

const READY = `process.stdout.write(JSON.stringify({ kind: 'ready', url: '', loginUrl: 'http://here' }) + '\\n')`
/** Lives until it is asked to end, or until the ancestor is gone. */
const LIVE = `process.on('SIGTERM', () => process.exit(0)); process.stdin.on('end', () => process.exit(0)).resume()`

let homes = 0
function createAncestor(program: string, options: Partial<AncestorOptions> = {}) {
  homes += 1
  const paths = homePaths(join(folder, `home-${homes}`))
  const gilgulMain = join(folder, `gilgul-${homes}.mjs`)
  writeFileSync(gilgulMain, program)
  const stopping = new AbortController()
  const progress: string[] = []
  const ready: string[] = []
  const ended = runAncestor({
    paths,
    gilgulMain,
    stopping: stopping.signal,
    onProgress: (text) => progress.push(text),
    onReady({ loginUrl }) {
      ready.push(loginUrl)
      stopping.abort()
    },
    ...options,
  })
  return { paths, ended, progress, ready, stopping }
}

test('a gilgul that runs is announced once, and ends when it is asked to', async () => {
  const { ended, ready } = createAncestor(`${LIVE}; ${READY}; ${READY}`)
  assert.equal(await ended, undefined)
  assert.deepEqual(ready, ['http://here'])
})

test('a gilgul that says why it cannot start is believed at once', async () => {
  const failure = { code: 'CONFIG_INVALID', message: 'Line 3 is wrong.', advice: 'Correct it.' }
  const report = JSON.stringify({ kind: 'failed', failure })
  const { ended, progress } = createAncestor(`console.log('${report}'); process.exit(1)`)
  assert.deepEqual(await ended, failure)
  assert.deepEqual(progress, [])
})

test('a gilgul that dies is started again, and learns how often', async () => {
  const program = `const restarts = process.env.RUNA_RESTARTS
    ${LIVE}
    if (restarts < 2) process.kill(process.pid, 'SIGKILL')
    process.stderr.write('life ' + restarts); ${READY}`
  const { ended, paths, progress } = createAncestor(program)
  assert.equal(await ended, undefined)
  assert.equal(readFileSync(join(paths.logs, 'gilgul.log'), 'utf8'), 'life 2')
  assert.equal(progress.length, 2)
})

test('a gilgul that never comes up is given up, and its log is named', async () => {
  const { ended, paths } = createAncestor('throw new Error("no")')
  const failure = await ended
  assert.equal(failure?.code, 'SERVICE_FAILED')
  assert.ok(failure.advice.includes(join(paths.logs, 'gilgul.log')))
})

test('a gilgul that cannot be started at all is told of', async () => {
  const { logs } = homePaths(join(folder, `home-${homes + 1}`))
  mkdirSync(join(logs, 'gilgul.log'), { recursive: true })
  const { ended } = createAncestor(`${LIVE}; ${READY}`)
  const failure = await ended
  assert.equal(failure?.code, 'SYSTEM_CALL_FAILED')
})

test('a gilgul that ran and cannot be started again is tried again', async () => {
  const log = join(homePaths(join(folder, `home-${homes + 1}`)).logs, 'gilgul.log')
  const program = `import { mkdirSync, rmSync } from 'node:fs'
    if (process.env.RUNA_RESTARTS !== '0') process.exit(0)
    rmSync('${log}'); mkdirSync('${log}'); ${READY}; process.kill(process.pid, 'SIGKILL')`
  const said: string[] = []
  const { ended } = createAncestor(program, {
    onReady() {},
    onProgress(text) {
      said.push(text)
      if (said.length === 2) rmSync(log, { recursive: true })
    },
  })
  assert.equal(await ended, undefined)
  assert.equal(said.length, 2)
  assert.match(said[1] ?? '', /could not be started/)
})

test('a gilgul that others kill is never given up, however often', async () => {
  const program = `${LIVE}; ${READY}
    if (process.env.RUNA_RESTARTS < 8) process.kill(process.pid, 'SIGKILL')`
  const { ended, stopping, progress } = createAncestor(program, {
    onReady() {},
    restart: { ...RESTART_DEFAULT, pauseFirstMs: 1, deathsMax: 6 },
    onProgress(text) {
      progress.push(text)
      if (progress.length === 8) stopping.abort()
    },
  })
  assert.equal(await ended, undefined)
  assert.equal(progress.length, 8)
})

test('what is no report is overheard', async () => {
  const { ended, ready } = createAncestor(`console.log('hello'); console.log('null'); ${LIVE}; ${READY}`)
  assert.equal(await ended, undefined)
  assert.deepEqual(ready, ['http://here'])
})

test('gilgul does not pay for certificates, and passes them on under another name', async () => {
  process.env['NODE_EXTRA_CA_CERTS'] = '/etc/hosts'
  const program = `${LIVE}; const { NODE_EXTRA_CA_CERTS: own, RUNA_EXTRA_CA_CERTS: kept } = process.env
    process.stderr.write(own + ' ' + kept); ${READY}`
  const { ended, paths } = createAncestor(program)
  await ended
  delete process.env['NODE_EXTRA_CA_CERTS']
  assert.equal(readFileSync(join(paths.logs, 'gilgul.log'), 'utf8'), 'undefined /etc/hosts')
})
