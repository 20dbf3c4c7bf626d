import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { cp, lstat, mkdir, readdir, readFile, realpath, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { temporaryFolder } from './fixtures.ts'

const SCRIPTS = fileURLToPath(new URL('../../../scripts', import.meta.url))
const PACKAGE = fileURLToPath(new URL('../../../package.json', import.meta.url))
const isX64 = process.arch === 'x64'
const temporary = await temporaryFolder()
let root: string

/** Stands in for npm: puts empty packages where it is told, or fails. Its last line tells what it was asked for. */
const NPM = `
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
const [verb, , folder, ...words] = process.argv.slice(2)
const wanted = words.filter((word) => !word.startsWith('--'))
writeFileSync(join(process.cwd(), 'asked.json'), JSON.stringify([verb, ...wanted]))
if (process.env['NPM_FAILS']) process.exit(1)
for (const one of wanted) {
  const [, name, version] = /^(.+)@(.+)$/.exec(one)
  mkdirSync(join(folder, 'node_modules', name), { recursive: true })
  writeFileSync(join(folder, 'node_modules', name, 'package.json'), JSON.stringify({ name, version }))
}
`

/** A checkout with the engine's stubs, as npm's overrides leave them. */
beforeEach(async () => {
  root = join(temporary, `checkout-${(await readdir(temporary)).length}`)
  await mkdir(join(root, 'assets/absent'), { recursive: true })
  await mkdir(join(root, 'node_modules/@node-llama-cpp'), { recursive: true })
  await cp(PACKAGE, join(root, 'package.json'))
  await writeFile(join(root, 'npm.mjs'), NPM)
  await putStubs()
})

async function putStubs(): Promise<void> {
  for (const name of ['linux-x64-vulkan', 'linux-x64-cuda', 'linux-x64-cuda-ext']) {
    await symlink('../../assets/absent', linkOf(name)).catch(() => {})
  }
}

const linkOf = (name: string) => join(root, 'node_modules/@node-llama-cpp', name)
const pointsTo = async (name: string) =>
  (await realpath(linkOf(name))).slice((await realpath(root)).length + 1)

function engine(verb: string, kind: string, environment: NodeJS.ProcessEnv = {}) {
  const env = { ...process.env, RUNA_ROOT: root, npm_execpath: join(root, 'npm.mjs'), ...environment }
  return promisify(execFile)(process.execPath, [join(SCRIPTS, 'engine.mjs'), verb, kind], { env })
}

test('the binaries of the same version are put over the stubs, and taken away again', {
  skip: !isX64,
}, async () => {
  const { dependencies } = JSON.parse(await readFile(PACKAGE, 'utf8'))
  const version = dependencies['node-llama-cpp']
  await engine('add', 'cuda')
  const names = ['linux-x64-cuda', 'linux-x64-cuda-ext']
  const asked = JSON.parse(await readFile(join(root, 'asked.json'), 'utf8'))
  assert.deepEqual(asked, ['install', ...names.map((name) => `@node-llama-cpp/${name}@${version}`)])
  for (const name of names)
    assert.equal(await pointsTo(name), `engines/cuda/node_modules/@node-llama-cpp/${name}`)
  assert.equal(await pointsTo('linux-x64-vulkan'), 'assets/absent')

  await engine('add', 'vulkan')
  assert.match(await pointsTo('linux-x64-cuda'), /^engines/)
  await engine('remove', 'cuda')
  assert.equal(await pointsTo('linux-x64-cuda'), 'assets/absent')
  assert.deepEqual(await readdir(join(root, 'engines')), ['vulkan'])
})

test('an install that puts the stubs back is followed by linking again', { skip: !isX64 }, async () => {
  await engine('add', 'vulkan')
  const { linkEngines } = await import(join(SCRIPTS, 'engine.mjs'))
  await promisify(execFile)('rm', [linkOf('linux-x64-vulkan')])
  await putStubs()
  assert.deepEqual(linkEngines(root), [])
  assert.match(await pointsTo('linux-x64-vulkan'), /^engines/)

  const path = join(root, 'engines/vulkan/node_modules/@node-llama-cpp/linux-x64-vulkan/package.json')
  await writeFile(path, JSON.stringify({ version: '1.0.0' }))
  assert.match(linkEngines(root)[0], /linux-x64-vulkan is 1\.0\.0, .* add it again/)
})

test('what cannot be fetched changes nothing, and what does not exist is named', {
  skip: !isX64,
}, async () => {
  await assert.rejects(engine('add', 'vulkan', { NPM_FAILS: '1' }), {
    code: 1,
    stderr: /nothing was changed/,
  })
  assert.equal(await pointsTo('linux-x64-vulkan'), 'assets/absent')
  assert.ok((await lstat(linkOf('linux-x64-vulkan'))).isSymbolicLink())
  await assert.rejects(engine('add', 'metal'), { stderr: /one of these can be added: vulkan, cuda/ })
  await assert.rejects(engine('add', ''), { code: 1 })
})

test('each kind of machine has its own binaries', async () => {
  const { packagesFor } = await import(join(SCRIPTS, 'engine.mjs'))
  assert.deepEqual(packagesFor('cpu', 'arm64'), ['linux-arm64'])
  assert.deepEqual(packagesFor('cpu', 'arm'), ['linux-armv7l'])
  assert.throws(() => packagesFor('vulkan', 'arm64'), /one of these can be added: cpu/)
  assert.throws(() => packagesFor('cpu', 's390x'), /no binaries/)
  const { overrides } = JSON.parse(await readFile(PACKAGE, 'utf8'))
  const known = [
    ['x64', 'vulkan'],
    ['x64', 'cuda'],
    ['arm64', 'cpu'],
    ['arm', 'cpu'],
    ['riscv64', 'cpu'],
  ]
  const names = known
    .flatMap(([architecture, kind]) => packagesFor(kind, architecture))
    .map((name) => `@node-llama-cpp/${name}`)
  assert.deepEqual(names.sort(), Object.keys(overrides).sort())
})
