import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { findGroupTree } from './group-tree.ts'
import { createGroups } from './groups.ts'

const base = mkdtempSync(join(tmpdir(), 'runa-groups-'))
after(() => rmSync(base, { recursive: true, force: true }))

/** The kernel makes the files of a group with its folder; here they are there before. */
function folder(path: string, files: Readonly<Record<string, string>>): string {
  mkdirSync(path, { recursive: true })
  for (const [name, text] of Object.entries(files)) writeFileSync(join(path, name), text)
  return path
}

const UNIFIED = { 'cgroup.controllers': 'cpuset cpu io memory pids', 'cgroup.procs': '' }
const HANDED_ON = { ...UNIFIED, 'cgroup.subtree_control': 'cpu memory pids' }

test('version 2 sets every limit, counts kills, and tells what is in force', () => {
  const root = folder(join(base, 'two'), UNIFIED)
  const own = folder(join(root, 'user/runa'), HANDED_ON)
  const tree = findGroupTree({ root, membership: '0::/user/runa\n' }) ?? assert.fail('no tree')
  assert.equal(tree.version, 2)
  const parent = folder(join(own, 'runa-abc'), { 'cgroup.subtree_control': '' })
  const place = folder(join(parent, 'tieto'), {
    'cgroup.procs': '',
    'memory.max': 'max',
    'memory.swap.max': 'max',
    'memory.peak': '4096\n',
    'memory.events': 'low 0\nhigh 0\nmax 7\noom 3\noom_kill 2\n',
    'pids.max': 'max',
    'cpu.max': 'max 100000',
  })
  const groups = createGroups(tree, 'abc')
  assert.deepEqual(groups.look('tieto')?.limits, {})
  const { doors, missing } = groups.make('tieto', { memoryBytes: 2 ** 26, tasks: 32, processors: 1.5 })
  assert.deepEqual([doors, missing], [[join(place, 'cgroup.procs')], []])
  assert.equal(readFileSync(join(place, 'cpu.max'), 'latin1'), '150000 100000')
  assert.equal(readFileSync(join(place, 'memory.swap.max'), 'latin1'), '0')
  assert.deepEqual(groups.look('tieto'), {
    limits: { memoryBytes: 2 ** 26, tasks: 32, processors: 1.5 },
    memoryKills: 2,
    memoryPeakBytes: 4_096,
  })
  assert.match(readFileSync(join(parent, 'cgroup.subtree_control'), 'latin1'), /\+memory/)
})

test('version 1 has a folder for each controller', () => {
  const root = join(base, 'one')
  for (const controller of ['memory', 'pids', 'cpu']) folder(join(root, controller), { 'cgroup.procs': '' })
  const membership = '4:memory:/\n8:pids:/\n1:cpu,cpuacct:/\n0::/\n'
  const tree = findGroupTree({ root, membership }) ?? assert.fail('no tree')
  assert.equal(tree.version, 1)
  const files = {
    'memory.limit_in_bytes': '9223372036854771712',
    'memory.oom_control': 'under_oom 0\noom_kill 1\n',
  }
  folder(join(root, 'memory/runa-abc/tieto'), { ...files, 'cgroup.procs': '' })
  folder(join(root, 'pids/runa-abc/tieto'), { 'pids.max': 'max', 'cgroup.procs': '' })
  const groups = createGroups(tree, 'abc')
  assert.deepEqual(groups.look('tieto')?.limits, {})
  const { doors, missing } = groups.make('tieto', { memoryBytes: 2 ** 26, processors: 2 })
  assert.equal(doors.length, 3)
  assert.deepEqual(missing, ['processors'])
  assert.equal(groups.look('tieto')?.memoryKills, 1)
})

test('where Runa may make no groups there is no tree', () => {
  const root = folder(join(base, 'none'), UNIFIED)
  folder(join(root, 'user'), { ...UNIFIED, 'cgroup.subtree_control': '' })
  // The kernel refuses to hand controllers on: here the file takes what is written, and says that it has not.
  const lean = folder(join(base, 'lean'), { 'cgroup.controllers': 'cpuset', 'cgroup.procs': '' })
  assert.equal(findGroupTree({ root: lean, membership: '0::/\n' }), undefined)
  assert.equal(findGroupTree({ root, membership: '0::/gone\n' }), undefined)
  assert.equal(findGroupTree({ root: join(base, 'nowhere'), membership: '0::/\n' }), undefined)
})

test('Runa moves itself out of the way, and nobody else', () => {
  const root = folder(join(base, 'moved'), UNIFIED)
  const own = folder(join(root, 'scope'), { ...UNIFIED, 'cgroup.procs': '11\n12\n' })
  const itself = folder(join(own, 'runa-itself'), { 'cgroup.procs': '' })
  findGroupTree({ root, membership: '0::/scope\n', isOwn: (pid) => pid === 12 })
  assert.equal(readFileSync(join(itself, 'cgroup.procs'), 'latin1'), '12')
  assert.ok(existsSync(itself))
})

const real = process.getuid?.() === 0 ? findGroupTree() : undefined

test('the kernel takes the limits, and gives the group back', {
  skip: !real && 'no groups can be made',
}, () => {
  if (!real) return
  const groups = createGroups(real, `test-${process.pid}`)
  const limits = { memoryBytes: 2 ** 26, tasks: 32, processors: 0.5 }
  const { doors, missing } = groups.make('tieto', limits)
  assert.deepEqual(missing, [])
  assert.deepEqual(groups.look('tieto')?.limits, limits)
  groups.end('tieto')
  assert.equal(groups.look('tieto'), undefined)
  assert.ok(doors.length > 0 && doors.every((door) => !existsSync(join(door, '../..'))))
})
