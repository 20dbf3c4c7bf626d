// Adds binaries of the model engine that a plain install leaves out, since they are large and most machines have no
// use for them (`overrides` in package.json puts an empty stub in their place):
//
//   npm run engine:add -- vulkan|cuda|cpu      cpu: for machines that are not x64, such as ARM
//   npm run engine:remove -- vulkan|cuda|cpu
//
// They lie in a folder of their own, `engines`, which no npm install touches, and are linked over the stubs. An
// install puts the stubs back, so the set-up links again after each. Nothing is added without being asked for.
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runToEnd } from './child.mjs'

const SCOPE = '@node-llama-cpp'
const OWN_ROOT = fileURLToPath(new URL('../', import.meta.url))

const PACKAGES = {
  x64: { vulkan: ['linux-x64-vulkan'], cuda: ['linux-x64-cuda', 'linux-x64-cuda-ext'] },
  arm64: { cpu: ['linux-arm64'] },
  arm: { cpu: ['linux-armv7l'] },
  riscv64: { cpu: ['linux-riscv64'] },
}

/** The packages of one kind for this machine, without their scope. Throws a sentence where there are none. */
export function packagesFor(kind, architecture = process.arch) {
  const kinds = PACKAGES[architecture]
  if (!kinds) throw new Error(`There are no binaries of the engine for ${architecture}.`)
  const names = Object.hasOwn(kinds, kind) ? kinds[kind] : undefined
  if (names) return names
  throw new Error(`For ${architecture} one of these can be added: ${Object.keys(kinds).join(', ')}.`)
}

/** Links what was added before over the stubs. Gives a sentence for each that no longer fits the engine. */
export function linkEngines(root = OWN_ROOT) {
  const wanted = engineVersion(root)
  return foldersIn(join(root, 'engines')).flatMap((kind) =>
    foldersIn(kindFolder(kind, root)).flatMap((name) => {
      const path = join(kindFolder(kind, root), name)
      const { version } = JSON.parse(readFileSync(join(path, 'package.json'), 'utf8'))
      if (version !== wanted) return [`${name} is ${version}, and the engine ${wanted}: add it again.`]
      point(join(root, 'node_modules', SCOPE, name), path)
      return []
    }),
  )
}

/** One folder a kind, so that npm, adding one, leaves the others alone. */
function kindFolder(kind, root) {
  return join(root, 'engines', kind, 'node_modules', SCOPE)
}

function foldersIn(path) {
  return existsSync(path) ? readdirSync(path).filter((name) => !name.startsWith('.')) : []
}

function engineVersion(root) {
  return JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).dependencies['node-llama-cpp']
}

function point(link, target) {
  // Only links are replaced: a folder there is a package that npm itself has installed.
  if (lstatSync(link, { throwIfNoEntry: false })?.isDirectory()) return
  mkdirSync(dirname(link), { recursive: true })
  rmSync(link, { force: true })
  symlinkSync(target, link)
}

async function add(kind, root) {
  const names = packagesFor(kind)
  const wanted = names.map((name) => `${SCOPE}/${name}@${engineVersion(root)}`)
  const npm = process.env.npm_execpath ? [process.execPath, process.env.npm_execpath] : ['npm']
  const quiet = ['--no-save', '--no-package-lock', '--ignore-scripts', '--loglevel=error']
  process.stdout.write(`Fetching ${wanted.join(' and ')} from the npm registry ...\n`)
  const folder = join(root, 'engines', kind)
  const status = await runToEnd([...npm, 'install', '--prefix', folder, ...quiet, ...wanted], { cwd: root })
  const missing = names.filter((name) => !existsSync(join(kindFolder(kind, root), name, 'package.json')))
  if (status !== 0 || missing.length > 0) {
    drop(kind, root)
    throw new Error('They could not be fetched, and nothing was changed. See npm above.')
  }
  linkEngines(root)
  const next =
    kind === 'cpu' ? 'Start Runa.' : `Set \`engine: {gpu: ${kind}}\` in runa.yaml, and start Runa again.`
  process.stdout.write(`Added. ${next}\n`)
}

function drop(kind, root) {
  rmSync(join(root, 'engines', kind), { recursive: true, force: true })
  for (const name of packagesFor(kind))
    point(join(root, 'node_modules', SCOPE, name), join(root, 'assets/absent'))
}

const [verb, kind = ''] = process.argv.slice(2)
if (process.argv[1] && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const root = resolve(process.env.RUNA_ROOT || OWN_ROOT)
  try {
    if (verb === 'add') await add(kind, root)
    else if (verb === 'remove') {
      drop(kind, root)
      process.stdout.write('Removed.\n')
    } else throw new Error('Usage: npm run engine:add -- vulkan|cuda|cpu')
  } catch (error) {
    process.stderr.write(`${error.message}\n`)
    process.exitCode = 1
  }
}
