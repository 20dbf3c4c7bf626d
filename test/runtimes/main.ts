import { spawn, spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { parseArgs } from 'node:util'
import { packageFolder } from '#kernel/home'
import { installRuntimes, npm, type Runtime } from './runtimes.ts'

// What runa/splinter can do on other runtimes, from a packed tarball:
//
//   npm run runtimes [-- --json] [--whole]
//
// The tarball is unpacked beside the only two packages that the bus needs; with --whole npm installs it, with all that
// it depends on, and says how much that is.

interface Outcome {
  readonly name: string
  readonly ok: boolean
  readonly why?: string
  readonly figures?: Readonly<Record<string, number>>
}

interface Trial {
  readonly runtime: Pick<Runtime, 'name' | 'version'>
  readonly outcomes: readonly Outcome[]
}

/** What the bus itself imports; each may bring a package for the machine. */
const NEEDED = ['koffi', '@koromix', 'zod']
const TRIAL_MS = 30_000

function pack(folder: string): string {
  const [{ filename }] = JSON.parse(npm('pack', '--json', '--pack-destination', folder, packageFolder())) as [
    { filename: string },
  ]
  return join(folder, filename)
}

function unpack(tarball: string, folder: string): void {
  const modules = join(folder, 'node_modules')
  mkdirSync(join(modules, 'runa'), { recursive: true })
  const { status } = spawnSync('tar', ['-xzf', tarball, '-C', join(modules, 'runa'), '--strip-components=1'])
  if (status !== 0) throw new Error('The tarball could not be unpacked.')
  for (const name of NEEDED)
    cpSync(packageFolder('node_modules', name), join(modules, name), { recursive: true, dereference: true })
}

function installWhole(tarball: string, folder: string): void {
  npm('install', '--prefix', folder, tarball)
  const size = spawnSync('du', ['-sm', join(folder, 'node_modules')], { encoding: 'utf8' })
  process.stdout.write(`npm install brings ${size.stdout.split('\t')[0]} MB.\n`)
}

async function tryOn({ name, version, program, before }: Runtime, folder: string): Promise<Trial> {
  const child = spawn(program, [...before, 'scenario.js'], {
    cwd: folder,
    env: { ...process.env, RUNTIME_ARGUMENTS: before.join(' '), NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: TRIAL_MS,
    killSignal: 'SIGKILL',
  })
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)])
  const outcomes = stdout
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Outcome)
  const isWhole = outcomes.at(-1)?.name === 'the end'
  const broken = { name: 'the end', ok: false, why: stderr.trim().split('\n')[0] || 'it took too long' }
  return { runtime: { name, version }, outcomes: isWhole ? outcomes : [...outcomes, broken] }
}

function tell(trials: readonly Trial[]): void {
  for (const { runtime, outcomes } of trials) {
    process.stdout.write(`\n── ${runtime.name} (${runtime.version})\n`)
    for (const { name, ok, why, figures } of outcomes) {
      const shown = Object.entries(figures ?? {}).map(([figure, value]) => `${figure} ${value}`)
      process.stdout.write(`${ok ? 'yes' : 'NO '}  ${[name, why, ...shown].filter(Boolean).join(', ')}\n`)
    }
  }
}

const { values } = parseArgs({ options: { json: { type: 'boolean' }, whole: { type: 'boolean' } } })
const folder = mkdtempSync(join(tmpdir(), 'runa-runtimes-'))
try {
  const runtimes = installRuntimes()
  const tarball = pack(folder)
  if (values.whole) installWhole(tarball, folder)
  else unpack(tarball, folder)
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
  cpSync(packageFolder('dist', 'test', 'runtimes', 'scenario-worker.js'), join(folder, 'scenario.js'))
  const trials: Trial[] = []
  // One after the other: two would disturb each other's figures.
  for (const runtime of runtimes) trials.push(await tryOn(runtime, folder))
  tell(trials)
  if (values.json) process.stdout.write(`${JSON.stringify(trials)}\n`)
  const isAllThere = trials.every(({ outcomes }) => outcomes.every(({ ok }) => ok))
  process.exitCode = isAllThere ? 0 : 1
} finally {
  rmSync(folder, { recursive: true })
}
