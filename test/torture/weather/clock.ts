import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readHistory } from '#kernel/gilgul'
import { homePaths } from '#kernel/home'
import { createTestRuna, kill, type TestRuna } from '../../system/test-runa.ts'
import type { TortureRow } from '../row.ts'
import type { CLOCK_VARIABLES } from './clock-variables.ts'
import { isWell, servicesOf, timeUntil } from './patience.ts'

/** In seconds ahead of what it is, one after the other: a day forth, and back again, and a day behind. */
const JUMPS: readonly (readonly [name: string, aheadS: number])[] = [
  ['a day forth', 86_400],
  ['a day back', 0],
  ['another day back', -86_400],
  ['a day forth again', 0],
]
const SHIFTER = new URL('clock-worker.js', import.meta.url).href
/** libfaketime shares its clock by a place in /dev/shm, which services are kept away from. */
const SERVICES = ['inference', 'tieto', 'alethia', 'snarf', 'conversation', 'threadwell']
const NOT_APART = [
  'services:',
  ...SERVICES.map((name) => `  ${name}: { isolation: { kind: none } }`),
  '',
].join('\n')
const OWN = ['ticker-1', 'ticker-2']

/** Sets the clock of a whole Runa while it runs, by Debian's libfaketime. The clock that nobody can set goes on as it does. */
export async function jumpClock(count: number = JUMPS.length): Promise<TortureRow[]> {
  const library = findLibrary()
  if (library === undefined) {
    const why = 'libfaketime is not installed (apt install libfaketime)'
    return [{ case: 'the clock jumps', faults: 0, lost: 0, torn: 0, wedged: 0, skipped: why }]
  }
  const folder = mkdtempSync(join(tmpdir(), 'runa-clock-'))
  const clock = join(folder, 'clock')
  setClock(clock, 0)
  const environment: Record<(typeof CLOCK_VARIABLES)[number], string> = {
    NODE_OPTIONS: `--import ${SHIFTER}`,
    LD_PRELOAD: library,
    FAKETIME_TIMESTAMP_FILE: clock,
    FAKETIME_NO_CACHE: '1',
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
    NO_FAKE_STAT: '1',
  }
  mkdirSync(join(folder, 'home'))
  const runa = createTestRuna(NOT_APART, join(folder, 'home'), environment)
  try {
    const services = join(runa.home, 'services')
    mkdirSync(services, { recursive: true })
    for (const name of OWN) writeFileSync(join(services, `${name}.yaml`), 'command: [sleep, "1000000"]\n')
    const { address } = await runa.start()
    const login = await fetch(address, { redirect: 'manual' })
    const cookie = login.headers.get('set-cookie')?.split(';')[0] ?? ''
    await runa.runaWith('before', 'secret', 'set', 'weather.clock')
    const page = async () =>
      (await fetch(new URL('/api/boards', address), { headers: { cookie } })).status === 200
    const rows: TortureRow[] = []
    for (const [name, aheadS] of JUMPS.slice(0, count))
      rows.push(await jump(runa, name, () => setClock(clock, aheadS), page))
    return rows
  } finally {
    await runa.remove()
    rmSync(folder, { recursive: true, force: true })
  }
}

async function jump(
  runa: TestRuna,
  name: string,
  set: () => void,
  page: () => Promise<boolean>,
): Promise<TortureRow> {
  const before = await livesOf(runa)
  const leases = await leasesOf(runa)
  const beganAt = clockOf(runa)
  const asking = keepAsking(runa)
  await asking.once()
  set()
  const day = 43_200_000
  const isSet = () => Math.abs(clockOf(runa) - beganAt) > day
  const wasSet = (await timeUntil(isSet, 20_000)) !== undefined
  for (let more = 0; more < 3; more += 1) await asking.once()
  const { asked, refused } = await asking.stop()
  const after = await livesOf(runa)
  const heldNow = await leasesOf(runa)
  const restarted = [...after].filter(([service, life]) => before.get(service) !== life)
  const ended = leases.filter((lease) => !heldNow.includes(lease))
  const pageMs = await timeUntil(page, 10_000)
  const secret = await timeUntil(
    async () => (await runa.runa('secret', 'get', 'weather.clock')).stdout.trim() === 'before',
  )
  const backMs = await timeToComeBack(runa, 'snarf')
  kill(runa.state().gilgul.pid)
  const wellMs = await timeUntil(() => isWell(runa))
  const [last] = (await readHistory(homePaths(runa.home).logs)).slice(-1)
  const gilgulToo = Math.abs((last?.at ?? 0) - clockOf(runa)) < day
  return {
    case: `the clock jumps ${name}`,
    faults: 1,
    leases: leases.length,
    lost: ended.length + [pageMs, secret].filter((ms) => ms === undefined).length,
    torn: await disorderIn(runa),
    wedged: [backMs, wellMs].filter((ms) => ms === undefined).length,
    wasSet: wasSet && gilgulToo,
    restarted: restarted.map(([service]) => service).join(' ') || 'none',
    asked,
    refused,
    backMs: backMs ?? -1,
  }
}

/** Which process of each service, in which life. */
async function livesOf(runa: TestRuna): Promise<Map<string, string>> {
  return new Map((await servicesOf(runa)).map(({ name, pid, restarts }) => [name, `${pid} ${restarts}`]))
}

/** Of secrets that services hold. They are renewed long before they end, so that none of them has ended meanwhile. */
async function leasesOf(runa: TestRuna): Promise<string[]> {
  const { leases } = (await runa.ask('secret', 'leases')) as {
    leases: { id: string; leftMs: number | null }[]
  }
  return leases.filter(({ leftMs }) => leftMs === null || leftMs > 60_000).map(({ id }) => id)
}

/** What every process takes the time to be. */
function clockOf({ environment }: TestRuna): number {
  const { LD_PRELOAD, FAKETIME_TIMESTAMP_FILE, FAKETIME_DONT_FAKE_MONOTONIC } = environment
  const env = { LD_PRELOAD, FAKETIME_TIMESTAMP_FILE, FAKETIME_DONT_FAKE_MONOTONIC }
  return Number(spawnSync(process.execPath, ['-p', 'Date.now()'], { env, encoding: 'utf8' }).stdout)
}

/** A service that is killed after a jump is back after a pause of the usual length. */
async function timeToComeBack(runa: TestRuna, name: string): Promise<number | undefined> {
  const { pid } = await runa.status(name)
  kill(pid ?? 0)
  return await timeUntil(async () => {
    const now = await runa.status(name)
    return now.state === 'running' && now.pid !== pid
  }, 20_000)
}

/** Questions without a pause, one of which is under way when the clock is set. */
function keepAsking(runa: TestRuna) {
  const counts = { asked: 0, refused: 0 }
  let isOver = false
  let onAsked = () => {}

  async function askOn(): Promise<void> {
    while (!isOver) {
      const { status } = await runa.runa('ask', 'How do I add a model?')
      counts.asked += 1
      if (status !== 0) counts.refused += 1
      onAsked()
    }
  }

  const done = askOn()
  return {
    once: () => new Promise<void>((resolve) => (onAsked = resolve)),
    async stop() {
      isOver = true
      await done
      return counts
    },
  }
}

/** Births that are told in another order than they happened in. */
async function disorderIn(runa: TestRuna): Promise<number> {
  const last = new Map<string, number>()
  let disorder = 0
  for (const { kind, service, birth = 0 } of await readHistory(homePaths(runa.home).logs)) {
    if (kind !== 'started') continue
    if (birth <= (last.get(service) ?? 0)) disorder += 1
    last.set(service, birth)
  }
  return disorder
}

/** Whoever reads it meanwhile finds the one or the other. */
function setClock(path: string, aheadS: number): void {
  writeFileSync(`${path}.new`, `${aheadS < 0 ? '-' : '+'}${Math.abs(aheadS)}\n`)
  renameSync(`${path}.new`, path)
}

function findLibrary(): string | undefined {
  const folders = ['/usr/lib', '/usr/lib64'].filter(existsSync)
  const places = folders.flatMap((folder) => [
    folder,
    ...readdirSync(folder).map((name) => join(folder, name)),
  ])
  return places.map((place) => join(place, 'faketime/libfaketimeMT.so.1')).find(existsSync)
}
