import { readdirSync, statSync, truncateSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { homePaths } from '#kernel/home'
import { conversationContract, type Turn } from '#protocol'
import { createTestRuna, type TestRuna } from '../system/test-runa.ts'
import type { TortureOptions, TortureRow } from './row.ts'
import { askOnce, killOne, overBus } from './running.ts'

const TARGETS = ['inference', 'tieto', 'alethia', 'snarf', 'conversation', 'threadwell', 'gilgul']
const QUESTION = 'What does the keeper of the well carry?'
const PAUSE_MS_MAX = 1_500
const QUESTION_EVERY_MS = 20

interface Asking {
  /** Turns that were acknowledged. */
  readonly answered: Turn[]
  /** Questions that ended with an error, as they may while somebody dies. */
  refused: number
  /** The last moment at which a question was answered. */
  answeredMs: number
  stop(): Promise<void>
}

/** Kills services and gilgul at random moments, while questions are asked without a pause. */
export async function tortureServices({ faults, random }: TortureOptions): Promise<TortureRow[]> {
  const storm = await runStorm('questions under kills', { faults, random }, () => {})
  const planted = await runStorm(
    'planted: the memory is cut off on the disk',
    { faults: 2, random },
    cutMemory,
  )
  return [storm, { ...planted, found: Number(planted['lost']) > 0 }]
}

async function runStorm(
  name: string,
  { faults, random }: TortureOptions,
  plant: (runa: TestRuna) => void,
): Promise<TortureRow> {
  const runa = createTestRuna()
  try {
    const folder = join(runa.home, 'documents')
    await mkdir(folder)
    await writeFile(join(folder, 'well.md'), 'The keeper of the well carries a key of iron and a lamp.\n')
    await runa.start()
    await runa.ask('ingest', folder, '--topic', 'well')
    const asking = keepAsking(runa)
    const recoveriesMs: number[] = []
    let wedged = 0
    for (let fault = 0; fault < faults && wedged === 0; fault += 1) {
      await sleep(random() * PAUSE_MS_MAX)
      const recoveryMs = await killOne(
        runa,
        TARGETS[Math.floor(random() * TARGETS.length)] ?? '',
        () => asking.answeredMs,
      )
      if (recoveryMs === undefined) wedged += 1
      else recoveriesMs.push(recoveryMs)
    }
    await asking.stop()
    await runa.runa('down')
    plant(runa)
    await runa.start()
    const { lost, torn } = await compare(runa, asking.answered)
    recoveriesMs.sort((left, right) => left - right)
    const at = (share: number) => Math.round(recoveriesMs[Math.floor((recoveriesMs.length - 1) * share)] ?? 0)
    const { answered, refused } = asking
    return {
      case: name,
      faults,
      lost,
      torn,
      wedged,
      accepted: answered.length,
      refused,
      recoveryMsP50: at(0.5),
      recoveryMsMax: at(1),
    }
  } finally {
    await runa.remove()
  }
}

function keepAsking(runa: TestRuna): Asking {
  let stopped = false
  const asking = { answered: [] as Turn[], refused: 0, answeredMs: 0, stop }
  const done = askOn()

  async function askOn(): Promise<void> {
    while (!stopped) {
      try {
        asking.answered.push(await askOnce(runa, { question: QUESTION, topics: ['well'] }))
        asking.answeredMs = performance.now()
        await sleep(QUESTION_EVERY_MS)
      } catch {
        asking.refused += 1
        await sleep(10)
      }
    }
  }

  async function stop(): Promise<void> {
    stopped = true
    await done
  }
  return asking
}

/** Looks for every acknowledged turn in what was stored. A memory that does not open has lost them all. */
async function compare(runa: TestRuna, answered: readonly Turn[]): Promise<{ lost: number; torn: number }> {
  const memory = await runa.status('alethia')
  if (memory.state === 'failed') return { lost: answered.length, torn: 0 }
  let [lost, torn] = [0, 0]
  await overBus(runa, async (clientOf) => {
    const conversation = clientOf(conversationContract)
    for (const { id, answer } of answered) {
      const record = await conversation.answer({ id }).catch(() => undefined)
      if (!record) lost += 1
      else if (record.answer !== answer) torn += 1
    }
  })
  return { lost, torn }
}

/** What a disk might do that breaks its promise: the last of what was said is no longer there. */
function cutMemory({ home }: TestRuna): void {
  const folder = homePaths(home).memory
  for (const name of readdirSync(folder).filter((file) => file.endsWith('.log'))) {
    const path = join(folder, name)
    truncateSync(path, statSync(path).size >> 1)
  }
}
