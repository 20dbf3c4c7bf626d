import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import { packageFolder } from '#kernel/home'

/** What a program finds on another system, as far as Runa looks at it. */
const SYSTEMS: Readonly<Record<string, readonly [change: string, sentence: RegExp]>> = {
  'an old Node': [
    `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '18.20.4' } })`,
    /^Runa needs Node 20\.19 or newer, and this is 18\.20\.4: .*\n$/,
  ],
  'another system': [
    `Object.defineProperty(process, 'platform', { value: 'darwin' })`,
    /^Runa runs on Linux, and this is darwin: .*\n$/,
  ],
  musl: [
    `process.report.getReport = () => ({ header: {} })`,
    /^Runa needs glibc, and this system has musl .*\n$/,
  ],
}

for (const [system, [change, sentence]] of Object.entries(SYSTEMS)) {
  test(`on ${system} every command says so in one sentence, before anything is installed or built`, () => {
    const pretend = `data:text/javascript,${encodeURIComponent(change)}`
    for (const program of ['runa.mjs', 'setup.mjs']) {
      const words = ['--import', pretend, join(packageFolder(), 'scripts', program)]
      const { status, stdout, stderr } = spawnSync(process.execPath, words, { encoding: 'utf8' })
      assert.equal(status, 1)
      assert.equal(stdout, '')
      assert.match(stderr, sentence)
    }
  })
}
