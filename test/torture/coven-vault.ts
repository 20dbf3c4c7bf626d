import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { openCoven } from '#kernel/coven'

const WORKER = fileURLToPath(new URL('coven-worker.js', import.meta.url))
const LIFE_MS_MAX = 60

export interface VaultCounts {
  readonly faults: number
  lost: number
  torn: number
  wedged: number
  acknowledged: number
}

/** Kills who stores secrets at random moments, and looks for each that was acknowledged. */
export async function runVaultStorm(
  role: 'careful' | 'hasty',
  faults: number,
  random: () => number,
): Promise<VaultCounts> {
  const counts: VaultCounts = { faults, lost: 0, torn: 0, wedged: 0, acknowledged: 0 }
  const folder = await mkdtemp(join(tmpdir(), 'runa-torture-coven-'))
  try {
    for (let fault = 0; fault < faults; fault += 1) {
      const acknowledged = await liveAndDie([role, folder], random() * LIFE_MS_MAX)
      counts.acknowledged += acknowledged.length
      await look(folder, acknowledged, counts)
    }
  } finally {
    await rm(folder, { recursive: true })
  }
  return counts
}

/** What a worker said is safe before it was killed: a name and a number each. */
async function liveAndDie(workerArguments: readonly string[], lifeMs: number): Promise<string[]> {
  const worker = spawn(process.execPath, [WORKER, ...workerArguments], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const closed = once(worker, 'close')
  let said = ''
  worker.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  await Promise.race([once(worker.stdout, 'data'), closed])
  await sleep(lifeMs)
  worker.kill('SIGKILL')
  await closed
  return said.split('\n').slice(1, -1)
}

/** Opening verifies the vault, the list of what was done, and each against the other. */
async function look(folder: string, acknowledged: readonly string[], counts: VaultCounts): Promise<void> {
  const opened = await openCoven({ folder: join(folder, 'vault') }).catch(() => undefined)
  if (!opened) {
    counts.wedged += 1
    return
  }
  for (const line of acknowledged) {
    const [name = '', number = ''] = line.split(' ')
    const stored = readNumber(opened.vault.read, name)
    if (stored === undefined || stored < Number(number)) counts.lost += 1
    else if (Number.isNaN(stored)) counts.torn += 1
  }
  await opened.close()
}

/** Undefined where there is none, NaN where it is not whole. */
function readNumber(read: (name: string) => { value: Buffer }, name: string): number | undefined {
  try {
    const { value } = read(name)
    const number = value.readUInt32LE()
    return value.subarray(4).every((byte) => byte === (number & 0xff)) ? number : Number.NaN
  } catch {
    return undefined
  }
}
