import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { after, test } from 'node:test'
import { packageFolder } from '#kernel/home'
import { createTestRuna } from './test-runa.ts'

// Every example of splinter's README, as it stands there but for the folders.

const runa = createTestRuna()
const folder = mkdtempSync('/dev/shm/runa-splinter-readme-')
const children: ChildProcess[] = []
after(async () => {
  for (const child of children) child.kill('SIGKILL')
  await runa.remove()
  rmSync(folder, { recursive: true })
})

const readme = readFileSync(packageFolder('src', 'kernel', 'splinter', 'README.md'), 'utf8')
const examples = [...readme.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].map(([, language = '', text = '']) => ({
  language,
  text: text.replaceAll('/dev/shm/', `${folder}/`),
}))
const programs = examples.filter(({ language }) => language === 'js').map(({ text }) => text)

/** What each prints, in whatever order. */
const PRINTED = [
  ['hello'],
  [
    ...['log set', 'progress {}', 'observed {}', 'work {}', 'answer {}'],
    ...['sent', 'waited', 'dead', 'recorded'],
  ],
  ['hush'],
  ['undefined', '1'],
]

/** Those that stay on their bus are ended once they have printed it all. */
async function run(program: string, expected: readonly string[]): Promise<void> {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    cwd: packageFolder(),
    env: { ...runa.environment, HOME: runa.home },
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: 20_000,
  })
  children.push(child)
  const ended = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>
  const missing = new Set(expected)
  for await (const line of createInterface(child.stdout)) {
    missing.delete(line.replace(/^\d+ recorded$/, 'recorded'))
    if (missing.size === 0) break
  }
  assert.deepEqual([...missing], [])
  if (child.exitCode === null) child.kill('SIGKILL')
  const [status, signal] = await ended
  assert.ok(status === 0 || signal === 'SIGKILL', `it ended with ${status ?? signal}`)
}

test('every program runs, and prints what it says', async () => {
  assert.equal(programs.length, PRINTED.length)
  await Promise.all(programs.map((program, index) => run(program, PRINTED[index] ?? [])))
})

test('every command can be typed one after another', async () => {
  const lines = examples
    .filter(({ language }) => language === '')
    .flatMap(({ text }) => text.split('\n'))
    .filter((line) => line.startsWith('runa '))
  assert.ok(lines.length >= 3)
  for (const line of lines) {
    const [, ...words] = line.replace(/ #.*/, '').trim().split(/\s+/)
    const { status, stderr } = await runa.runaWith('get greeting\n', ...words)
    assert.equal(status, 0, `${line}: ${stderr}`)
  }
})
