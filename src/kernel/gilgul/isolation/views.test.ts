import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { parseConfig } from '#kernel/config'
import { homePaths, packageFolder } from '#kernel/home'
import { modelSpec, SERVICES } from '../spec/service-table.ts'
import { viewOf } from './views.ts'

const home = mkdtempSync(join(tmpdir(), 'runa-views-'))
after(() => rmSync(home, { recursive: true, force: true }))
const paths = homePaths(home)

function view(name: string, config = '') {
  const spec = SERVICES.find((service) => service.name === name) ?? assert.fail(name)
  return (
    viewOf(spec, { paths, config: parseConfig(config), busPath: '/dev/shm/runa-x/bus' }) ?? assert.fail(name)
  )
}

test('each service has its bus, the code, and its own folders to write to', () => {
  assert.deepEqual(view('alethia').write, ['/dev/shm/runa-x', paths.memory])
  assert.ok(view('alethia').read.includes(packageFolder()))
  for (const { name } of SERVICES) {
    const { write } = view(name)
    assert.ok(!write.some((path) => paths.vault.startsWith(path)), `${name} may write to the vault`)
  }
})

test('nobody but those who speak to the network has it', () => {
  const withNetwork = SERVICES.map(({ name }) => name).filter((name) => view(name).network)
  assert.deepEqual(withNetwork, ['threadwell', 'nats'])
  const servers = 'engine: {servers: [{id: big, baseUrl: "http://127.0.0.1:1/v1", model: m}]}'
  assert.equal(view('inference', servers).network, true)
})

test('a model reads its own file of the home, and the policies', () => {
  const options = { paths, config: parseConfig(''), busPath: '/dev/shm/runa-x/bus' }
  const model = (gpu: string) => viewOf(modelSpec('model-m', { path: '/data/m.gguf', gpu }), options)
  const { read = [], write, network, devices = [], isDefault } = model('off') ?? {}
  assert.ok(read.includes('/data/m.gguf') && read.includes(paths.policies))
  assert.deepEqual(write, ['/dev/shm/runa-x', join(paths.models, 'threads')])
  assert.deepEqual([network, isDefault], [false, true])
  assert.ok(!devices.includes('/dev/dri') && model('auto')?.devices.includes('/dev/dri'))
  for (const closed of [home, paths.vault, paths.memory, '/', '/home', '/etc'])
    assert.ok(!read.includes(closed), closed)
})

test('a file of an earlier version opens its folder once', () => {
  assert.ok(!view('threadwell').write.includes(home))
  writeFileSync(join(home, 'keys.json'), '')
  assert.ok(view('threadwell').write.includes(home))
  rmSync(join(home, 'keys.json'))
})

test('programs of the owner have no view of ours', () => {
  const [spec = assert.fail('no service')] = SERVICES
  const options = { paths, config: parseConfig(''), busPath: '/dev/shm/runa-x/bus' }
  assert.equal(viewOf({ ...spec, replacedBy: ['x'] }, options), undefined)
  assert.equal(viewOf({ ...spec, command: ['x'] }, options), undefined)
})
