// Puts test files together into batches, each of which is one process: most files are done in less time than Node takes to
// start and to import what they test. In its batch each file is a suite that bears its name.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../', import.meta.url))
const BATCHES = 'dist/.batches'
/** A file that hangs is named, and the others of its batch still run. */
const FILE_TIMEOUT_MS = 60_000

/** What a process has once. A test that touches it could spoil another's, so it has a process of its own. */
const ONCE_A_PROCESS = /\bprocess\.|child_process|globalThis|configureGlobal|\bmock\b|\/proc\/|\bgc\b/

function isAlone(path) {
  return ONCE_A_PROCESS.test(readFileSync(`${ROOT}${path}`, 'utf8'))
}

/** Written into the build, since a test runner gives its files no arguments. */
function writeBatch(paths, number) {
  const lines = paths.map(
    (path) =>
      `describe('${path}', { timeout: ${FILE_TIMEOUT_MS} }, async () => { await import('../../${path}') })\n`,
  )
  const name = `${BATCHES}/${number}.mjs`
  writeFileSync(`${ROOT}${name}`, `import { describe } from 'node:test'\n\n${lines.join('')}`)
  return name
}

/** The files that stay alone, in their order, then at most `count` batches of all others. */
export function inBatches(paths, count) {
  const alone = paths.filter((path) => count === 0 || isAlone(path))
  const others = paths.filter((path) => !alone.includes(path))
  if (others.length === 0) return alone
  rmSync(`${ROOT}${BATCHES}`, { recursive: true, force: true })
  mkdirSync(`${ROOT}${BATCHES}`, { recursive: true })
  const batches = Array.from({ length: count }, (_, number) =>
    others.filter((_path, index) => index % count === number),
  )
  return [...alone, ...batches.filter((batch) => batch.length > 0).map(writeBatch)]
}
