import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { packageFolder } from '#kernel/home'

/** What runa/splinter is tried on. */
export interface Runtime {
  readonly name: string
  readonly version: string
  readonly program: string
  /** What stands before the file that it runs. */
  readonly before: readonly string[]
}

const FOLDER = packageFolder('test', 'runtimes', 'installed')
const MODULES = join(FOLDER, 'node_modules')
const NPM = process.env['npm_execpath'] ? [process.execPath, process.env['npm_execpath']] : ['npm']

/** Debian, npm, Deno and Bun name one machine differently. */
const ARCHITECTURE = process.arch === 'arm64' ? 'arm64' : 'x64'
const BUN = `bun-linux-${ARCHITECTURE === 'arm64' ? 'aarch64' : 'x64'}`

const PROGRAMS = [
  { name: 'Node 20', program: `node-20-${ARCHITECTURE}/bin/node`, before: [] },
  { name: 'Node 24', program: `node-24-${ARCHITECTURE}/bin/node`, before: [] },
  {
    name: 'Deno 2',
    program: `@deno/linux-${ARCHITECTURE}-glibc/deno`,
    before: ['run', '--allow-all', '--quiet'],
  },
  { name: 'Bun 1', program: `@oven/${BUN}/bin/bun`, before: [] },
]

/** Installs what is missing. Throws where npm cannot. */
export function installRuntimes(): Runtime[] {
  if (!PROGRAMS.every(({ program }) => existsSync(join(MODULES, program)))) npm('install', '--prefix', FOLDER)
  return PROGRAMS.map(({ name, program, before }) => {
    const path = join(MODULES, program)
    const { stdout } = spawnSync(path, ['--version'], { encoding: 'utf8' })
    return { name, version: /\d+\.\d+\.\d+/.exec(stdout ?? '')?.[0] ?? 'unknown', program: path, before }
  })
}

/** Without install scripts, and without a word about anything but errors. Returns what it printed. */
export function npm(...words: readonly string[]): string {
  const [program = '', ...first] = NPM
  const quiet = ['--no-package-lock', '--ignore-scripts', '--loglevel=error']
  const { status, stdout } = spawnSync(program, [...first, ...words, ...quiet], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  if (status === 0) return stdout
  throw new Error(`npm ${words[0]} ended with ${status}: see above.`)
}
