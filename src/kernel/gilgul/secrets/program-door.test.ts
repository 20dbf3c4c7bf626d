import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { after, type TestContext, test } from 'node:test'
import { packageFolder } from '#kernel/home'
import { RunaError } from '#protocol'
import { openProgramDoor } from './program-door.ts'

const folder = mkdtempSync(join(tmpdir(), 'runa-program-door-'))
after(() => rmSync(folder, { recursive: true }))

/** The program that the guide shows, and a line that asks. */
function guideProgram(): string {
  const guide = readFileSync(join(packageFolder(), 'docs/guides/services.md'), 'utf8')
  const code = /```python\n([\s\S]*?)```/.exec(guide)?.[1]
  assert.ok(code, 'the guide shows a program in Python')
  return `${code}\nprint(reveal('mail').decode())`
}

let made = 0
async function openDoor(context: TestContext) {
  made += 1
  const path = join(folder, `door-${made}`)
  const services = new Map<number, string>()
  const asked: string[] = []
  const notes: string[] = []
  const door = await openProgramDoor({
    path,
    serviceOf: (pid) => services.get(pid),
    async lease(service, name) {
      asked.push(`${service} ${name}`)
      if (service !== 'web') throw new RunaError('SECRET_NOT_GRANTED')
      return { value: Buffer.from('a word'), version: 3, lease: 'a'.repeat(32), leaseMs: 60_000 }
    },
    note: (line) => notes.push(line),
  })
  context.after(door.close)
  /** Starts a program as gilgul does: as the first of a session. It asks once it is known. */
  const start = (service: string | undefined, command: string, ...words: readonly string[]) => {
    const child = spawn(command, words, {
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { PATH: process.env['PATH'], RUNA_SECRETS: path },
    })
    if (service !== undefined) services.set(child.pid ?? 0, service)
    child.stdin?.end('go\n')
    return child
  }
  return { door, path, asked, notes, start }
}

async function said(child: ChildProcess): Promise<{ out: string; code: unknown }> {
  const [out, [code]] = await Promise.all([child.stdout ? text(child.stdout) : '', once(child, 'exit')])
  return { out: out.trim(), code }
}

test('the program of the guide gets what it was granted, itself or by way of a shell, and nobody else does', async (context) => {
  const { start, asked, notes } = await openDoor(context)
  const program = guideProgram()
  const python = start('web', 'python3', '-c', program)
  const { out } = await said(python).catch(() => ({ out: 'none' }))
  if (out === 'none') return context.skip('there is no python3')
  assert.equal(out, 'a word')
  const shell = start('web', 'sh', '-c', 'read go; setsid python3 -c "$0"; exit 0', program)
  assert.equal((await said(shell)).out, 'a word')
  const refused = start('other', 'python3', '-c', program)
  assert.deepEqual((await said(refused)).out, '')
  assert.deepEqual(asked, ['web mail', 'web mail', 'other mail'])
  assert.deepEqual(notes, [])
  assert.notEqual((await said(start(undefined, 'python3', '-c', program))).code, 0)
  assert.deepEqual([asked.length, notes.length], [3, 1])
})

test('a program that knocks and is no service is shown out, whatever it says', async (context) => {
  const { path, notes, asked } = await openDoor(context)
  const socket = connect(path)
  socket.write('{"reveal": "mail"}\n')
  socket.on('error', () => {})
  await new Promise((resolve) => socket.once('close', resolve))
  assert.deepEqual([asked, notes.length], [[], 1])
})

test('a program that listens is told when what it holds has ended', async (context) => {
  const { door, start } = await openDoor(context)
  const listener = `
    const socket = require('node:net').connect(process.env.RUNA_SECRETS)
    socket.on('connect', () => process.stderr.write('here'))
    socket.on('data', (line) => { console.log(JSON.parse(line).payload.reason); process.exit() })`
  const child = start('web', process.execPath, '-e', listener)
  const ending = said(child)
  await once(child.stderr ?? assert.fail(), 'data')
  const tell = setInterval(() => {
    for (const service of ['other', 'web']) door.tell({ lease: 'a'.repeat(32), service, reason: 'revoked' })
  }, 20)
  assert.equal((await ending).out, 'revoked')
  clearInterval(tell)
})
