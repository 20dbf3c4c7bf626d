import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createTestRuna, kill, type TestRuna, until } from '../../system/test-runa.ts'
import type { TortureRow } from '../row.ts'
import { isWell, servicesOf, timeUntil } from './patience.ts'

const GROUP = `/sys/fs/cgroup/pids/runa-weather-${process.pid}`
const PRLIMIT = 'prlimit'
const DISK = '64m'
const TOLD_MS = 30_000

/** A Runa to be kept short of something. */
interface Stage {
  readonly runa: TestRuna
  readonly disk: string
  /** What `runa up` has said since it is up. */
  said(): string
}

interface Scarcity {
  readonly name: string
  /** Makes it scarce. Returns how to end that; undefined where this user cannot. */
  readonly take: (stage: Stage) => (() => void) | undefined
  /** Asks for what is scarce. Returns what a person is told. */
  readonly provoke: (stage: Stage) => Promise<string>
  readonly told: RegExp
  /** Who dies of it, because we kill it. */
  readonly killed: readonly string[]
}

const SCARCITIES: readonly Scarcity[] = [
  {
    name: 'descriptors, of gilgul: a service is to be started',
    take: ({ runa }) => limitDescriptors(runa.state().gilgul.pid),
    provoke: killTieto,
    told: /EMFILE|too many open files/i,
    killed: ['tieto'],
  },
  {
    name: 'descriptors, of coven: gilgul is to be started',
    take: ({ runa }) => limitDescriptors(runa.state().ancestor.pid),
    provoke: killGilgul,
    told: /EMFILE|too many open files/i,
    killed: ['gilgul'],
  },
  {
    name: 'descriptors, of a service: documents are to be stored',
    take: ({ runa }) => limitDescriptors(runa.state().services['tieto']?.process?.pid ?? 0),
    provoke: ingest,
    told: /EMFILE.*\[BUSY\]/,
    killed: [],
  },
  {
    name: 'processes, of gilgul: a service is to be started',
    take: forbidForks,
    provoke: killTieto,
    told: /EAGAIN/,
    killed: ['tieto'],
  },
  {
    name: 'processes, of coven: gilgul is to be started',
    take: forbidForks,
    provoke: killGilgul,
    told: /EAGAIN/,
    killed: ['gilgul'],
  },
  {
    name: 'room on the disk, of a service: it is to be started',
    take: fillDisk,
    async provoke(stage) {
      await killTieto(stage)
      return (await stage.runa.runa('doctor')).stdout
    },
    told: /full|room/,
    killed: ['tieto'],
  },
  {
    name: 'room on the disk, of gilgul: it is to be started',
    take: fillDisk,
    async provoke(stage) {
      const { gilgul } = stage.runa.state()
      kill(gilgul.pid)
      await timeUntil(() => stage.runa.status('tieto').then(() => true))
      return (await stage.runa.runa('doctor')).stdout
    },
    told: /full|room/,
    killed: ['gilgul'],
  },
  {
    name: 'room on the disk, of coven: a secret is to be stored',
    take: fillDisk,
    provoke: async ({ runa }) => (await runa.runaWith('v', 'secret', 'set', 'weather.second')).stderr,
    told: /\[(DISK_FULL|AUDIT_FAILED)\]/,
    killed: [],
  },
]

/** Whatever is scarce: it is said, nobody dies of it, and all is well once it is there again. */
export async function sufferScarcity(): Promise<TortureRow[]> {
  const folder = mkdtempSync(join(tmpdir(), 'runa-weather-'))
  const disk = join(folder, 'disk')
  mkdirSync(disk)
  const isMounted =
    spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK}`, 'runa-weather', disk]).status === 0
  const runa = createTestRuna('', join(disk, 'home'))
  try {
    mkdirSync(join(disk, 'home'))
    const up = await runa.start()
    let said = ''
    up.process.stderr?.on('data', (bytes: Buffer) => {
      said += bytes.toString()
    })
    await runa.runaWith('before', 'secret', 'set', 'weather.first')
    const stage: Stage = { runa, disk: isMounted ? disk : '', said: () => said }
    const rows: TortureRow[] = []
    for (const scarcity of SCARCITIES) {
      said = ''
      const row = await suffer(scarcity, stage)
      rows.push(row)
      if (row.wedged > 0) break
    }
    return rows
  } finally {
    await runa.remove()
    removeGroup()
    if (isMounted) await until(() => spawnSync('umount', [disk]).status === 0)
    rmSync(folder, { recursive: true, force: true })
  }
}

async function suffer({ name, take, provoke, told, killed }: Scarcity, stage: Stage): Promise<TortureRow> {
  const before = await restartsOf(stage.runa)
  const row = { case: name, faults: 1, lost: 0, torn: 0 }
  const giveBack = take(stage)
  if (!giveBack) return { ...row, wedged: 0, skipped: 'this user cannot make it scarce' }
  let heard = ''
  try {
    heard = await provoke(stage)
  } finally {
    giveBack()
  }
  const recoveryMs = await timeUntil(() => isWell(stage.runa))
  const after = recoveryMs === undefined ? before : await restartsOf(stage.runa)
  const kept = (await stage.runa.runa('secret', 'get', 'weather.first')).stdout.trim() === 'before'
  const spurious = [...after].filter(
    ([service, restarts]) => !killed.includes(service) && restarts !== before.get(service),
  )
  return {
    ...row,
    lost: kept ? 0 : 1,
    wedged: recoveryMs === undefined ? 1 : 0,
    told: told.test(heard),
    words: told.exec(heard)?.[0] ?? heard.slice(0, 200),
    spurious: spurious.map(([service]) => service).join(' ') || 'none',
    recoveryMs: recoveryMs ?? -1,
  }
}

async function restartsOf(runa: TestRuna): Promise<Map<string, number>> {
  return new Map((await servicesOf(runa)).map(({ name, restarts }) => [name, restarts]))
}

async function killTieto({ runa }: Stage): Promise<string> {
  const { pid } = await runa.status('tieto')
  kill(pid ?? 0)
  let heard = ''
  await timeUntil(async () => {
    const { state, reason, pid: next } = await runa.status('tieto')
    heard += `${reason}\n`
    return next !== pid && state !== 'starting'
  }, TOLD_MS)
  // Whatever is tried in vain within this time must not use up what is borne.
  await timeUntil(() => false, 8_000)
  return `${heard}${(await runa.status('tieto')).reason}`
}

async function killGilgul({ runa, said }: Stage): Promise<string> {
  kill(runa.state().gilgul.pid)
  await timeUntil(() => said() !== '', TOLD_MS)
  await timeUntil(() => false, 15_000)
  return said()
}

async function ingest({ runa }: Stage): Promise<string> {
  const folder = join(runa.home, 'letters')
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'well.md'), 'The keeper of the well carries a key of iron.\n')
  return (await runa.runa('ingest', folder, '--topic', 'letters')).stderr
}

/** It may open no more than it has open. */
function limitDescriptors(pid: number): (() => void) | undefined {
  const highest = Math.max(...readdirSync(`/proc/${pid}/fd`).map(Number))
  const before = prlimit(pid, '--nofile', '--output', 'SOFT', '--noheadings', '--raw').trim()
  // Places between those that are open would be used first.
  const limit = readdirSync(`/proc/${pid}/fd`).length
  if (before === '') return undefined
  prlimit(pid, `--nofile=${Math.min(limit, highest)}:`)
  return () => void prlimit(pid, `--nofile=${before}:`)
}

function prlimit(pid: number, ...words: readonly string[]): string {
  return spawnSync(PRLIMIT, ['--pid', String(pid), ...words], { encoding: 'utf8' }).stdout
}

/** A group of processes in which no further one may be made. */
function forbidForks({ runa }: Stage): (() => void) | undefined {
  try {
    mkdirSync(GROUP, { recursive: true })
    for (const pid of runa.processes()) writeFileSync(join(GROUP, 'cgroup.procs'), String(pid))
    writeFileSync(join(GROUP, 'pids.max'), '1')
  } catch {
    return undefined
  }
  return () => writeFileSync(join(GROUP, 'pids.max'), 'max')
}

function removeGroup(): void {
  try {
    rmdirSync(GROUP)
  } catch {
    // Not made, or somebody is still leaving: an empty group harms nobody.
  }
}

function fillDisk({ disk }: Stage): (() => void) | undefined {
  if (disk === '') return undefined
  const filler = join(disk, 'filler')
  spawnSync('dd', ['if=/dev/zero', `of=${filler}`, 'bs=4096', 'status=none'])
  return () => rmSync(filler)
}
