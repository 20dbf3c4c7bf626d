import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { alethiaContract, conversationContract, type Turn } from '#protocol'
import { createTestRuna, type TestRuna } from '../system/test-runa.ts'
import type { TortureOptions, TortureRow } from './row.ts'
import { askOnce, killOne, overBus } from './running.ts'

const TARGETS = ['alethia', 'snarf', 'conversation', 'gilgul']
const TURNS_PER_FAULT = 2.5
const TURNS_PER_KILL_MAX = 4
/** Few, since one that dies ten times in a minute is given up. */
const PLANTED_TURNS = 20
/** A turn takes about so long: a kill within it finds every stage of one. */
const KILL_WITHIN_MS = 120
const TURNS_PER_THREAD = 25
/** Between two turns, so that the deaths are spread over all of them. */
const PAUSE_MS_MAX = 400
const REFUSED_PAUSE_MS = 10
/** Where no turn begins any more, the kill finds it out. */
const PATIENCE_MS = 30_000

interface Told {
  readonly id: string
  readonly thread: string
  /** What was said, where all of it was. */
  readonly answer?: string
}

interface Storm {
  readonly turns: number
  readonly random: () => number
  /** Takes a turn for stored as soon as it has begun. */
  readonly hasty: boolean
}

/** Kills who keeps turns while turns are being said, and looks for each that was acknowledged. */
export async function tortureTurns({ faults, random }: TortureOptions): Promise<TortureRow[]> {
  const storm = { turns: Math.ceil(faults * TURNS_PER_FAULT), random, hasty: false }
  const planted = { turns: PLANTED_TURNS, random, hasty: true }
  const row = await runStorm('turns under kills', storm)
  const found = await runStorm('planted: acknowledged too early', planted)
  return [row, { ...found, found: found.lost > 0 }]
}

async function runStorm(name: string, storm: Storm): Promise<TortureRow> {
  const runa = createTestRuna()
  try {
    const folder = join(runa.home, 'documents')
    await mkdir(folder)
    await writeFile(join(folder, 'well.md'), 'The keeper of the well carries a key of iron and a lamp.\n')
    await runa.start()
    await runa.ask('ingest', folder, '--topic', 'well')
    const asking = keepAsking(runa, storm)
    let [kills, wedged] = [0, 0]
    while (asking.told.length < storm.turns && wedged === 0) {
      const until = asking.told.length + Math.ceil(storm.random() * TURNS_PER_KILL_MAX)
      while (asking.told.length < Math.min(until, storm.turns)) await sleep(5)
      const target = storm.hasty ? 'conversation' : (TARGETS[kills % TARGETS.length] ?? '')
      const recoveryMs = await killOne(
        runa,
        target,
        () => asking.answeredMs,
        async () => {
          await Promise.race([asking.begun(), sleep(PATIENCE_MS, undefined, { ref: false })])
          if (!storm.hasty) await sleep(storm.random() * KILL_WITHIN_MS)
        },
      )
      if (recoveryMs === undefined) wedged += 1
      kills += 1
    }
    await asking.stop()
    const found = await look(runa, asking.told)
    await runa.runa('down')
    await runa.start()
    const again = await look(runa, asking.told)
    const { told, refused } = asking
    return {
      case: name,
      faults: kills,
      turns: told.length + refused,
      kills,
      acknowledged: told.length,
      ...{ refused, wedged },
      lost: Math.max(found.lost, again.lost),
      torn: Math.max(found.torn, again.torn),
      chainFaults: Math.max(found.chainFaults, again.chainFaults),
    }
  } finally {
    await runa.remove()
  }
}

interface Asking {
  readonly told: readonly Told[]
  /** Turns that ended with an error, as they may while somebody dies. */
  readonly refused: number
  readonly answeredMs: number
  /** Resolves when the next turn is asked; where it is taken for stored once it has begun, then. */
  begun(): Promise<void>
  stop(): Promise<void>
}

/** Says one turn after the other, in threads of some length. */
function keepAsking(runa: TestRuna, { hasty, random }: Storm): Asking {
  const told: Told[] = []
  let [stopped, refused, answeredMs] = [false, 0, 0]
  let thread: string | undefined
  let wake: () => void = () => {}

  function onBegin(id: string, of: string): void {
    thread = of
    if (!hasty) return
    told.push({ id, thread: of })
    wake()
  }

  async function askNext(count: number): Promise<void> {
    if (count % TURNS_PER_THREAD === 0) thread = undefined
    if (!hasty) wake()
    const asked = { question: `What does the keeper carry, for the ${count}th time?`, topics: ['well'] }
    try {
      const turn: Turn = await askOnce(runa, { ...asked, ...(thread && { thread }) }, onBegin)
      if (!hasty) told.push({ id: turn.id, thread: thread ?? '', answer: turn.answer })
      answeredMs = performance.now()
    } catch (error) {
      refused += 1
      // The first turn of a new thread was not stored, and so there is no such thread.
      if ((error as { code?: string }).code === 'THREAD_UNKNOWN') thread = undefined
      await sleep(REFUSED_PAUSE_MS)
    }
  }

  async function askOn(): Promise<void> {
    for (let count = 1; !stopped; count += 1) {
      await askNext(count)
      await sleep(random() * PAUSE_MS_MAX)
    }
  }
  const done = askOn()

  return {
    told,
    get refused() {
      return refused
    },
    get answeredMs() {
      return answeredMs
    },
    begun: () =>
      new Promise((resolve) => {
        wake = resolve
      }),
    async stop() {
      stopped = true
      await done
    },
  }
}

/** Looks for each turn that was acknowledged: its record, and its place in its thread; and reads the whole chain again. */
async function look(runa: TestRuna, told: readonly Told[]) {
  const counts = { lost: 0, torn: 0, chainFaults: 0 }
  await overBus(runa, async (clientOf) => {
    const conversation = clientOf(conversationContract)
    for (const { id, thread, answer } of told) {
      const record = await conversation.answer({ id }).catch(() => undefined)
      if (!record) counts.lost += 1
      else if (record.thread !== thread || (answer ?? record.answer) !== record.answer) counts.torn += 1
    }
    const { faults } = await clientOf(alethiaContract).verify({})
    counts.chainFaults += faults.length
  })
  return counts
}
