import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { runRepair } from './run-repair.ts'

const folder = mkdtempSync(join(tmpdir(), 'runa-repair-'))
const logPath = join(folder, 'mine.log')
after(() => rmSync(folder, { recursive: true }))

function run(script: string, timeoutSeconds = 30, signal = new AbortController().signal) {
  const environment = { PATH: process.env['PATH'] ?? '' }
  return runRepair(
    { run: ['sh', '-c', script], timeoutSeconds },
    { folder, environment, logPath, cause: 'port-taken', signal },
  )
}

test('it learns the cause, writes into the log of its service, and its status is told', async () => {
  assert.match(await run('echo "about $RUNA_CAUSE in $PWD"; exit 3'), /ended with status 3\.$/)
  assert.equal(readFileSync(logPath, 'utf8'), `about port-taken in ${folder}\n`)
})

test('it is ended with all that it has started when it takes too long, or everything is stopped', async () => {
  assert.match(await run('sleep 1000 & sleep 1000', 0.1), /was ended after 0\.1 s\.$/)
  const stopping = new AbortController()
  const told = run('sleep 1000 & wait', 30, stopping.signal)
  stopping.abort()
  assert.match(await told, /ended with SIGKILL\.$/)
})

test('one that is not there is told, and nothing is thrown', async () => {
  const surroundings = {
    folder,
    environment: {},
    logPath,
    cause: 'crash',
    signal: AbortSignal.timeout(9_999),
  }
  const told = await runRepair(
    { run: ['./none'], timeoutSeconds: 1 },
    { ...surroundings, cause: 'crash' as const },
  )
  assert.match(told, /could not be started: .*ENOENT/)
  assert.match(
    await runRepair(
      { run: ['sh'], timeoutSeconds: 1 },
      { ...surroundings, cause: 'crash' as const, logPath: join(folder, 'none/mine.log') },
    ),
    /could not be started/,
  )
})
