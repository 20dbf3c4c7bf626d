import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { attachBus, type Bus, createBus, type Subscription } from '#kernel/splinter'
import type { TortureOptions, TortureRow } from './row.ts'
import {
  createLedgerFile,
  fillValue,
  KEYS_KEPT,
  type Ledger,
  openLedger,
  readValue,
  TOPIC,
  VALUE_BYTES,
} from './splinter-ledger.ts'

const WORKER = fileURLToPath(new URL('splinter-worker.js', import.meta.url))
const TOGETHER = 3
const LIFE_MS_MAX = 12
const SLOTS = 64

interface Counts {
  lost: number
  torn: number
  wedged: number
  [count: string]: number
}

/** One bus, and the killing of those who use it. */
interface Storm extends TortureOptions {
  readonly bus: Bus
  readonly path: string
  readonly ledgerPath: string
  readonly ledger: Ledger
  readonly counts: Counts
  nextLife: number
}

type Check = (storm: Storm) => (life: number) => void | Promise<void>

/** Kills processes of each kind at random moments, and looks after each death at what it had acknowledged. */
export async function tortureSplinter({ faults, random }: TortureOptions): Promise<TortureRow[]> {
  const share = Math.max(1, Math.ceil(faults / 7))
  const rows: TortureRow[] = []
  const run = async (name: string, role: string, check: Check, kills = share) =>
    rows.push(await runStorm(name, role, check, { faults: kills, random }))
  await run('set', 'set', checkSet)
  await run('insert and delete', 'insert', checkInsert)
  await run('add to a number', 'count', checkCount)
  await run('publish, lossless', 'publish', checkPublish)
  await run('consume, lossless', 'consume', checkConsume)
  await run('attach and leave', 'attach', checkAttach)
  await run('planted: acknowledged too early', 'hasty', checkSet, Math.max(5, Math.ceil(share / 4)))
  return rows.map((row) => (row.case.startsWith('planted') ? { ...row, found: row.lost > 0 } : row))
}

async function runStorm(
  name: string,
  role: string,
  check: Check,
  options: TortureOptions,
): Promise<TortureRow> {
  const folder = mkdtempSync('/dev/shm/runa-torture-')
  const [path, ledgerPath] = [join(folder, 'bus'), join(folder, 'ledger')]
  createBus({
    path,
    sizeBytes: 4 * 2 ** 20,
    inboxBytes: 32_768,
    slotsMax: SLOTS,
    valueBytesMax: VALUE_BYTES,
    membersMax: 8,
  })
  createLedgerFile(ledgerPath)
  const counts: Counts = { lost: 0, torn: 0, wedged: 0 }
  const bus = attachBus(path, { name: 'survivor' })
  const storm = { ...options, bus, path, ledgerPath, ledger: openLedger(ledgerPath), counts, nextLife: 0 }
  try {
    const afterDeath = check(storm)
    const lanes = Array.from({ length: TOGETHER }, () => killInTurn(storm, role, afterDeath))
    await Promise.all(lanes)
    await afterDeath(-1)
    return { case: name, faults: storm.nextLife, ...counts }
  } finally {
    bus.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

async function killInTurn(storm: Storm, role: string, afterDeath: (life: number) => void | Promise<void>) {
  while (storm.nextLife < storm.faults) {
    const life = storm.nextLife
    storm.nextLife += 1
    const worker = spawn(process.execPath, [WORKER, role, storm.path, storm.ledgerPath, String(life)], {
      stdio: ['ignore', 'ignore', 'inherit'],
    })
    const exit = once(worker, 'exit')
    while (!storm.ledger.hasStarted(life) && worker.exitCode === null) await sleep(1)
    await sleep(storm.random() * LIFE_MS_MAX)
    // A worker that ended by itself could not go on.
    if (worker.exitCode !== null) storm.counts.wedged += 1
    worker.kill('SIGKILL')
    await exit
    storm.counts.torn += storm.ledger.torn(life)
    await afterDeath(life)
  }
}

/** Does what a survivor does; one that is held up for seconds is wedged. */
function survive(counts: Counts, work: () => void): void {
  try {
    work()
  } catch {
    counts.wedged += 1
  }
}

/** A value is that of the last acknowledged number, or of the one that was being set. */
function checkSet({ bus, ledger, counts }: Storm): (life: number) => void {
  const value = Buffer.alloc(VALUE_BYTES)
  return (life) => {
    for (const key of [`own-${life}`, 'contended']) {
      const bytes = bus.store.get(key)
      const read = bytes && readValue(bytes)
      if (bytes && !read) counts.torn += 1
      if (key === 'contended' || life < 0) continue
      const acknowledged = ledger.acknowledged(life)
      if (acknowledged >= 0 && (read === undefined || read.number < acknowledged)) counts.lost += 1
    }
    fillValue(value, life, 0)
    survive(counts, () => bus.store.set('contended', value))
    // Room for the keys of later lives.
    survive(counts, () => bus.store.delete(`own-${life}`))
  }
}

/** Of the keys that a life inserted, the last few are there; at the end every slot is of use again. */
function checkInsert({ bus, ledger, counts }: Storm): (life: number) => void {
  const value = Buffer.alloc(VALUE_BYTES)
  return (life) => {
    if (life < 0) {
      let fitting = 0
      while (fitting < SLOTS && bus.store.list('filler-').length === fitting) {
        survive(counts, () => bus.store.set(`filler-${fitting}`, value))
        fitting += 1
      }
      counts['leaked'] = SLOTS - bus.store.list('filler-').length
      return
    }
    const acknowledged = ledger.acknowledged(life)
    for (let number = Math.max(0, acknowledged - KEYS_KEPT + 2); number <= acknowledged; number += 1) {
      const bytes = bus.store.get(`${life}-${number}`)
      if (bytes === undefined) counts.lost += 1
      else if (readValue(bytes)?.number !== number) counts.torn += 1
    }
    for (const key of bus.store.list(`${life}-`)) survive(counts, () => bus.store.delete(key))
  }
}

/** The sum is at least what was acknowledged, and at most one more for each life. */
function checkCount({ bus, ledger, counts }: Storm): (life: number) => void {
  let acknowledged = 0
  let lives = 0
  return (life) => {
    if (life < 0) {
      const sum = bus.store.load('count')
      counts.lost += Math.max(0, acknowledged - sum)
      counts['doubled'] = Math.max(0, sum - acknowledged - lives)
      counts['accepted'] = acknowledged
      return
    }
    acknowledged += ledger.acknowledged(life) + 1
    lives += 1
  }
}

/** Each life's messages come in order, without a gap, and all that were acknowledged. */
function checkPublish({ bus, ledger, counts }: Storm): (life: number) => Promise<void> {
  const heard = new Map<number, number>()
  const topic = bus.topic('storm', TOPIC)
  Object.assign(counts, { doubled: 0, accepted: 0 })
  topic.subscribe((message) => {
    const read = readValue(message)
    if (read === undefined) {
      counts.torn += 1
      return
    }
    const expected = heard.get(read.life) ?? 0
    if (read.number < expected) counts['doubled'] = (counts['doubled'] ?? 0) + 1
    if (read.number > expected) counts.lost += read.number - expected
    heard.set(read.life, read.number + 1)
  })
  return async (life) => {
    if (life < 0) return
    const acknowledged = ledger.acknowledged(life)
    counts['accepted'] = (counts['accepted'] ?? 0) + acknowledged + 1
    const endMs = performance.now() + 2_000
    while ((heard.get(life) ?? 0) <= acknowledged && performance.now() < endMs) await sleep(1)
    counts.lost += Math.max(0, acknowledged + 1 - (heard.get(life) ?? 0))
  }
}

/** Whoever publishes goes on within moments, however many consumers die, and one that lives on hears everything. */
function checkConsume(storm: Storm): (life: number) => Promise<void> {
  const { bus, counts } = storm
  const topic = bus.topic('storm', TOPIC)
  let heard = 0
  let published = 0
  let ended = false
  const survivor: Subscription = topic.subscribe((message) => {
    const read = readValue(message)
    if (read === undefined) counts.torn += 1
    else if (read.number !== heard) counts.lost += 1
    heard = (read?.number ?? heard) + 1
  })
  counts['stallMsMax'] = 0
  async function publish(): Promise<void> {
    const value = Buffer.alloc(VALUE_BYTES)
    while (!ended) {
      fillValue(value, -1, published)
      const startedMs = performance.now()
      try {
        await topic.publishWhenFree(value, { timeoutMs: 2_000 })
        published += 1
      } catch {
        counts.wedged += 1
      }
      const stallMs = Math.round(performance.now() - startedMs)
      counts['stallMsMax'] = Math.max(counts['stallMsMax'] ?? 0, stallMs)
    }
  }
  const publishing = publish()
  return async (life) => {
    if (life >= 0) return
    ended = true
    await publishing
    const endMs = performance.now() + 2_000
    while (heard < published && performance.now() < endMs) await sleep(1)
    counts.lost += published - heard + survivor.lost
    counts['accepted'] = published
  }
}

/** At the end, every seat but the survivor's is free. */
function checkAttach({ bus, path, counts }: Storm): (life: number) => void {
  return (life) => {
    if (life >= 0) return
    const guests: Bus[] = []
    survive(counts, () => {
      while (guests.length < 7) guests.push(attachBus(path, { name: 'guest' }))
    })
    counts['leaked'] = 7 - guests.length
    for (const guest of guests) guest.close()
    if (bus.members().length !== 1) counts['leaked'] += 1
  }
}
