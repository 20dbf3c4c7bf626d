import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { packageFolder } from '#kernel/home'
import { openCoven } from '../open.ts'

const folder = mkdtempSync(join(tmpdir(), 'runa-killed-'))
after(() => rmSync(folder, { recursive: true }))

const COVEN = join(packageFolder(), 'dist/src/kernel/coven/index.js')
const NAMES = 24
const KILLS = 4

/** Takes one after the other, and says which, once it has it. */
const WORKER = `
  const { createCoven, openCoven } = await import(process.argv[2])
  const coven = createCoven(await openCoven({ folder: process.argv[1] }))
  for (const name of process.argv.slice(3)) {
    const { value } = await coven.reveal({ name, service: 'tieto' }, Buffer.alloc(0))
    process.stdout.write(name + ' ' + value + '\\n')
  }
  process.stdout.write('end\\n')
  await new Promise((resolve) => setTimeout(resolve, 60_000))
`

test('a one-time secret that was given out is there no more, whenever coven is killed', async () => {
  const home = join(folder, 'vault')
  const opened = await openCoven({ folder: home })
  const names = Array.from({ length: NAMES }, (_, index) => `seed-${index}`)
  for (const name of names) {
    await opened.vault.set(name, Buffer.from(name), { once: true })
    await opened.vault.grant(name, 'tieto', true)
  }
  await opened.close()
  const given: string[] = []
  for (let kill = 0; kill < KILLS; kill += 1) {
    const before = await openCoven({ folder: home })
    const left = before.vault.list().map(({ name }) => name)
    await before.close()
    for (const line of await takeUntilKilled(home, left, 1 + kill)) {
      assert.ok(!given.includes(line), `${line} was given twice`)
      given.push(line)
    }
    const again = await openCoven({ folder: home })
    const there = again.vault.list().map(({ name }) => name)
    assert.deepEqual(
      given.filter((name) => there.includes(name)),
      [],
    )
    const entries = await again.audit.latest(200)
    for (const name of given)
      assert.ok(entries.some(({ secret, operation }) => secret === name && operation === 'reveal once'))
    await again.close()
  }
  assert.ok(given.length >= KILLS, `${given.length} were given`)
})

/** Kills it in the middle of what follows the `count`th. Resolves to those that were given. */
async function takeUntilKilled(home: string, names: readonly string[], count: number): Promise<string[]> {
  const words = ['--input-type=module', '-e', WORKER, home, COVEN, ...names]
  const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'inherit'] })
  let said = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text
    if (said.split('\n').length > count) child.kill('SIGKILL')
  })
  await once(child, 'close')
  const lines = said.split('\n').slice(0, -1)
  return lines.map((line) => line.split(' ')[0] ?? '').filter((name) => name !== 'end')
}
