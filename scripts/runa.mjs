#!/usr/bin/env node
// The `runa` command. It looks at the system before it loads anything that an old Node could not even read. In a
// checkout it brings the build up to date first, as `npm start` does; an installed package is built already.
import { existsSync } from 'node:fs'
import { explainUnsupportedSystem } from './system.mjs'

const MAIN = 'dist/programs/face/cli/main.js'

const unsupported = explainUnsupportedSystem()
if (unsupported) {
  process.stderr.write(`${unsupported}\n`)
  process.exit(1)
}
if (existsSync(new URL('../src', import.meta.url))) {
  process.argv.splice(2, 0, MAIN)
  await import('./setup.mjs')
} else await import(new URL(`../${MAIN}`, import.meta.url).href)
