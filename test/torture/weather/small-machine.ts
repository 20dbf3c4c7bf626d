import { mkdirSync, readFileSync, rmdirSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { writeModel } from '../../model/fixtures.ts'
import { ggufHeader } from '../../model/gguf.ts'
import { randomLlama, SMALL } from '../../model/random-models.ts'
import { createTestRuna, type TestRuna, UP } from '../../system/test-runa.ts'
import type { TortureRow } from '../row.ts'
import { servicesOf, timeUntil } from './patience.ts'

const MACHINE_BYTES = 6 * 2 ** 30
const GROUP = `/sys/fs/cgroup/memory/runa-weather-${process.pid}`
/** 32 KiB of cache a token: with all the context that it was trained for, that is 8 GiB. */
const LONG = { ...SMALL, width: 128, layers: 64, heads: 4, keyValueHeads: 4, contextTokens: 262_144 }
const VAST_BYTES = 2 ** 33

/** Memory that a Runa is held to, and what of it was killed for want of more. */
interface Limit {
  readonly name: string
  readonly command: readonly string[]
  readonly kills: () => number
  readonly remove: () => Promise<unknown>
}

/** A machine of 6 GB: a model that is too big is refused, one whose context is gets less of it, and nobody is killed. */
export async function useSmallMachine(): Promise<TortureRow[]> {
  const rows: TortureRow[] = []
  for (const limit of [byGroup(), byProcess('as'), byProcess('data')]) {
    const row = { case: `6 GB by ${limit?.name ?? 'cgroup'}`, faults: 2, torn: 0 }
    if (limit) rows.push({ ...row, ...(await useWithin(limit)) })
    else rows.push({ ...row, lost: 0, wedged: 0, skipped: 'this user may not limit memory by cgroup v1' })
  }
  return rows
}

function byGroup(): Limit | undefined {
  try {
    mkdirSync(GROUP)
    writeFileSync(join(GROUP, 'memory.limit_in_bytes'), String(MACHINE_BYTES))
  } catch {
    return undefined
  }
  return {
    name: 'cgroup',
    command: ['sh', '-c', `echo $$ > ${GROUP}/cgroup.procs; exec "$@"`, 'sh', ...UP],
    kills: () =>
      Number(/^oom_kill (\d+)$/m.exec(readFileSync(join(GROUP, 'memory.oom_control'), 'utf8'))?.[1]),
    remove: () => timeUntil(() => rmdirSync(GROUP) === undefined, 10_000),
  }
}

/** `as`: of the addresses that each process reserves; `data`: of what it may write to. */
function byProcess(resource: 'as' | 'data'): Limit {
  return {
    name: `rlimit, ${resource}`,
    command: ['prlimit', `--${resource}=${MACHINE_BYTES}`, ...UP],
    kills: () => 0,
    remove: async () => {},
  }
}

async function useWithin(limit: Limit) {
  const runa = createTestRuna('engine: {contextTokens: 262144, threads: 1}\n')
  try {
    const long = await writeModel(join(runa.home, 'long.gguf'), randomLlama(LONG))
    const vast = writeVast(runa)
    await runa.start(limit.command)
    const refused = (await runa.runa('models', 'add', vast)).stderr
    await runa.runa('models', 'add', long)
    const answered = await runa.runa('ask', '--model', 'long', 'What is this?')
    const { contextTokens = 0, pid } = await runa.status('model-long')
    const restarted = (await servicesOf(runa)).filter(({ restarts }) => restarts > 0)
    const isShrunk = contextTokens >= 512 && contextTokens < LONG.contextTokens
    return {
      lost: 0,
      // It babbles for long, and need not come to an end.
      wedged: answered.stdout !== '' && isShrunk ? 0 : 1,
      refused: /MODEL_TOO_LARGE/.test(refused),
      contextTokens,
      peakMegabytes: Math.round(peakKibibytes(pid) / 1_024),
      killed: limit.kills() + restarted.length,
    }
  } finally {
    await runa.remove()
    await limit.remove()
  }
}

function writeVast({ home }: TestRuna): string {
  const path = join(home, 'vast.gguf')
  const { entries } = randomLlama(LONG)
  writeFileSync(path, ggufHeader(entries, [{ name: 'token_embd.weight', shape: [2 ** 20, 2_048] }]))
  truncateSync(path, VAST_BYTES + 2 ** 20)
  return path
}

function peakKibibytes(pid: number | null): number {
  return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0)
}
