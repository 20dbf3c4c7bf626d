import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { SERVICES } from '../spec/service-table.ts'
import type { ServiceSpec } from '../spec/spec.ts'
import { createConfining } from './confining.ts'
import type { Groups } from './groups.ts'
import type { Machine } from './machine.ts'
import { isolationSchema, type Limits } from './settings.ts'

const home = mkdtempSync(join(tmpdir(), 'runa-confining-'))
after(() => rmSync(home, { recursive: true, force: true }))

const MACHINE: Machine = {
  isRoot: true,
  architecture: 'x64',
  find: (program) => `/usr/bin/${program}`,
  may: () => true,
  bubblewrapFault: () => '',
  user: () => ({ uid: 812, gid: 812 }),
  filterFile: () => '/run/calls.bpf',
  powers: () => ({ landlock: 7, filter: true }),
}
const MEMORY_BYTES = 2 ** 26
const MAIN = ['/usr/bin/true', 'main.js'] as const

/** Groups of a kernel that takes every limit, and ends what the test says. */
function fakeGroups() {
  const made = new Map<string, Limits>()
  const kernel = { memoryKills: 0, ended: [] as string[] }
  const groups: Groups = {
    version: 2,
    make(name, limits) {
      made.set(name, limits)
      return { doors: [`/groups/${name}/cgroup.procs`], missing: [] }
    },
    look(name) {
      const limits = made.get(name)
      return limits && { limits, memoryKills: kernel.memoryKills, memoryPeakBytes: undefined }
    },
    end(name) {
      made.delete(name)
      kernel.ended.push(name)
    },
  }
  return { groups, kernel }
}

function confiningWith(groups: Groups | undefined, machine: Partial<Machine> = {}) {
  const notes: string[] = []
  const confining = createConfining({
    machine: { ...MACHINE, ...machine },
    groups: () => groups,
    home,
    view: () => undefined,
    note: (name, text) => notes.push(`${name}: ${text}`),
  })
  return { ...confining, notes }
}

function specOf(changes: Partial<ServiceSpec>): ServiceSpec {
  const tieto = SERVICES.find(({ name }) => name === 'tieto') ?? assert.fail('no tieto')
  return { ...tieto, ...changes }
}

const replaced = { replacedBy: ['python3', 'tieto.py'] }

test('what has neither isolation nor limits is started as ever, and the kernel is asked for nothing', () => {
  const confining = createConfining({
    machine: MACHINE,
    groups: () => assert.fail('no group is needed'),
    home,
    view: () => undefined,
    note: () => {},
  })
  const spec = specOf({})
  assert.deepEqual(confining.confine(spec, MAIN), { words: MAIN, environment: {} })
  assert.equal(confining.bury(spec), undefined)
  assert.equal(confining.describe(spec, process.pid), undefined)
})

test('a service enters its group before it is itself', () => {
  const { confine } = confiningWith(fakeGroups().groups)
  const { words } = confine(specOf({ limits: { memoryBytes: MEMORY_BYTES } }), MAIN)
  assert.deepEqual(words.slice(3), ['sh', '/groups/tieto/cgroup.procs', '--', ...MAIN])
})

test('of a replaced service the program is kept apart, and the bridge is not', () => {
  const { confine } = confiningWith(undefined)
  const isolation = isolationSchema.parse({ kind: 'bubblewrap' })
  const { words, environment } = confine(specOf({ ...replaced, isolation }), MAIN)
  assert.deepEqual(words, MAIN)
  const settings = JSON.parse(environment['RUNA_SETTINGS'] ?? '') as { command: string[] }
  assert.deepEqual(settings.command.slice(-3), ['--', 'python3', 'tieto.py'])
  assert.ok(settings.command.includes('/usr/bin/bwrap'))
  assert.ok(existsSync(join(home, 'services/tieto')))
})

test('a death at the limit is told once, and what is left is ended with it', () => {
  const { groups, kernel } = fakeGroups()
  const { confine, bury } = confiningWith(groups)
  const spec = specOf({ limits: { memoryBytes: MEMORY_BYTES } })
  kernel.memoryKills = 3
  confine(spec, MAIN)
  assert.equal(bury(spec), undefined)
  confine(spec, MAIN)
  kernel.memoryKills = 4
  assert.match(bury(spec) ?? '', /limit of memory, 64 MiB/)
  confine(spec, MAIN)
  assert.equal(bury(spec), undefined)
  assert.deepEqual(kernel.ended, ['tieto', 'tieto', 'tieto'])
})

test('without groups memory is held by the process, and the rest is missing', () => {
  const limits = { memoryBytes: MEMORY_BYTES, tasks: 32, processors: 1 }
  const strict = confiningWith(undefined)
  assert.throws(() => strict.confine(specOf({ limits }), MAIN), { code: 'ISOLATION_MISSING' })
  const isolation = isolationSchema.parse({ required: false })
  const lax = confiningWith(undefined)
  const spec = specOf({ limits, isolation })
  const { words } = lax.confine(spec, MAIN)
  assert.deepEqual(words, ['/usr/bin/prlimit', `--data=${MEMORY_BYTES}`, '--', ...MAIN])
  assert.equal(lax.notes.length, 2)
  assert.equal(lax.describe(spec, undefined)?.missing.length, 2)
  const { environment } = lax.confine({ ...spec, ...replaced }, MAIN)
  assert.match(environment['RUNA_SETTINGS'] ?? '', /prlimit.*--data.*python3/)
})

test('of a service that an earlier gilgul has started, what is missing is found again', () => {
  const { describe } = confiningWith(undefined, { bubblewrapFault: () => 'bubblewrap is not installed' })
  const isolation = isolationSchema.parse({ kind: 'bubblewrap', required: false })
  const spec = specOf({ ...replaced, isolation, limits: { processors: 1 } })
  assert.deepEqual(describe(spec, process.pid)?.missing, [
    'bubblewrap is not installed',
    'no limit of processors: Runa may make no control groups here',
  ])
})

test('a service that meets strangers is shut in without a word, where the kernel can do it', () => {
  const own = { read: [], write: [], journals: [join(home, 'ledger')], devices: [], network: false }
  const view = () => ({ ...own, isDefault: true })
  const make = (landlock: number) => {
    const notes: string[] = []
    const note = (name: string, text: string) => notes.push(`${name}: ${text}`)
    const machine = { ...MACHINE, powers: () => ({ landlock, filter: true }) }
    return { ...createConfining({ machine, groups: () => undefined, home, view, note }), notes }
  }
  const able = make(7)
  const { words } = able.confine(specOf({}), MAIN)
  assert.deepEqual(words.slice(-2), MAIN)
  assert.ok(words.some((word) => word.endsWith('seclude/main.js')))
  assert.ok(existsSync(join(home, 'ledger')))
  assert.equal(able.describe(specOf({}), undefined)?.isDefault, true)
  const unable = make(0)
  assert.deepEqual(unable.confine(specOf({}), MAIN).words, MAIN)
  assert.equal(unable.describe(specOf({}), undefined)?.missing.length, 1)
  assert.deepEqual(unable.notes, [])
  const required = specOf({ isolation: isolationSchema.parse({ kind: 'landlock' }) })
  assert.throws(() => unable.confine(required, MAIN), { code: 'ISOLATION_MISSING' })
  const none = specOf({ isolation: isolationSchema.parse({ kind: 'none' }) })
  assert.deepEqual(able.confine(none, MAIN).words, MAIN)
})

test("Runa's own services are not said to be apart when they are not", () => {
  const isolation = isolationSchema.parse({ kind: 'bubblewrap' })
  assert.throws(() => confiningWith(undefined).confine(specOf({ isolation }), MAIN), {
    code: 'ISOLATION_MISSING',
  })
})
