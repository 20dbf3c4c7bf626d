import { setTimeout as sleep } from 'node:timers/promises'
import type { Bus } from '#kernel/splinter'
import { RunaError } from '#protocol'
import { judgeHistories } from './splinter-history.ts'
import { KEYS_KEPT, type Ledger, makeEntry, makeValue, readLog, readValue, TOPIC } from './splinter-ledger.ts'
import { EXCHANGED } from './splinter-roles.ts'

export interface Counts {
  lost: number
  torn: number
  wedged: number
  leaked: number
  [count: string]: number
}

/** One bus, and what is known of those who die on it. */
export interface Storm {
  readonly bus: Bus
  readonly path: string
  readonly ledger: Ledger
  readonly counts: Counts
}

/** What a survivor looks for. */
export interface Check {
  /** After the death of one. */
  afterDeath?(life: number): void | Promise<void>
  /** Over and over meanwhile: how long it takes shows how long the dead hold up the living. */
  goOn?(): void
  /** After all of them. */
  atEnd?(): void | Promise<void>
  /** Also where nothing was killed. */
  close?(): void
}

/** Does what a survivor does; one that is held up for seconds is wedged. */
export function survive(counts: Counts, work: () => void): void {
  try {
    work()
  } catch (error) {
    counts.wedged += 1
    process.stderr.write(
      `a survivor could not go on: ${error instanceof Error ? error.stack : String(error)}\n`,
    )
  }
}

/** A value is that of the last acknowledged number, or of the one that was being set. */
export function checkSet({ bus, ledger, counts }: Storm): Check {
  return {
    goOn() {
      bus.store.set('contended', makeValue(-1, 0))
      look('contended')
    },
    afterDeath(life) {
      const read = look(`own-${life}`)
      const acknowledged = ledger.acknowledged(life)
      if (acknowledged >= 0 && (read === undefined || read.number < acknowledged)) counts.lost += 1
      // Room for the keys of later lives.
      survive(counts, () => bus.store.delete(`own-${life}`))
    },
  }
  function look(key: string) {
    const bytes = bus.store.get(key)
    const read = bytes && readValue(bytes)
    if (bytes && !read) counts.torn += 1
    return read
  }
}

/** Of the keys that a life inserted, the last few are there. */
export function checkInsert({ bus, ledger, counts }: Storm): Check {
  return {
    goOn() {
      bus.store.set('survivor', makeValue(-1, 0))
      bus.store.delete('survivor')
    },
    afterDeath(life) {
      const acknowledged = ledger.acknowledged(life)
      for (let number = Math.max(0, acknowledged - KEYS_KEPT + 2); number <= acknowledged; number += 1) {
        const bytes = bus.store.get(`${life}-${number}`)
        if (bytes === undefined) counts.lost += 1
        else if (readValue(bytes)?.number !== number) counts.torn += 1
      }
      for (const key of bus.store.list(`${life}-`)) survive(counts, () => bus.store.delete(key))
    },
  }
}

/** The sum is at least what was acknowledged, and at most one more for each life. */
export function checkCount({ bus, ledger, counts }: Storm): Check {
  let own = 0
  let acknowledged = 0
  let lives = 0
  return {
    goOn() {
      bus.store.add('count', 1n)
      own += 1
    },
    afterDeath(life) {
      acknowledged += ledger.acknowledged(life) + 1
      lives += 1
    },
    atEnd() {
      const sum = Number(bus.store.load('count')) - own
      counts.lost += Math.max(0, acknowledged - sum)
      counts['doubled'] = Math.max(0, sum - acknowledged - lives)
      counts['accepted'] = acknowledged
    },
  }
}

/** A log is without a gap, and as long as was acknowledged. */
export function checkAppend({ bus, ledger, counts }: Storm): Check {
  return {
    goOn() {
      bus.store.set('log-survivor', makeEntry(-1, 0))
      for (let number = 1; number < 20; number += 1) bus.store.append('log-survivor', makeEntry(-1, number))
      if (readLog(bus.store.get('log-survivor') ?? Buffer.alloc(0), -1) !== 19) counts.torn += 1
    },
    afterDeath(life) {
      const log = bus.store.get(`log-${life}`)
      const last = log && readLog(log, life)
      if (log && last === undefined) counts.torn += 1
      const acknowledged = ledger.acknowledged(life)
      if (acknowledged >= 0 && (last ?? -1) < acknowledged) counts.lost += 1
      survive(counts, () => bus.store.delete(`log-${life}`))
    },
  }
}

/** As the sum of what was added, of a value that is exchanged by its version. */
export function checkExchange({ bus, ledger, counts }: Storm): Check {
  let acknowledged = 0
  let lives = 0
  return {
    goOn: () => void bus.store.head(EXCHANGED),
    afterDeath(life) {
      acknowledged += ledger.acknowledged(life) + 1
      lives += 1
    },
    atEnd() {
      const value = bus.store.get(EXCHANGED)
      const sum = value ? Number(Buffer.from(value).readBigInt64LE()) : 0
      counts.lost += Math.max(0, acknowledged - sum)
      counts['doubled'] = Math.max(0, sum - acknowledged - lives)
      counts['accepted'] = acknowledged
    },
  }
}

/** What is past its time is gone in the end, and nothing else. */
export function checkSweep({ bus, counts }: Storm): Check {
  bus.store.set('kept', makeValue(-1, 7))
  return {
    goOn() {
      bus.store.sweep()
      const kept = bus.store.get('kept')
      if (kept === undefined) counts.lost += 1
      else if (readValue(kept)?.number !== 7) counts.torn += 1
    },
    async atEnd() {
      await sleep(5)
      bus.store.sweep()
      counts.leaked += bus.store.figures().keys - 1
    },
  }
}

/** Whoever publishes goes on within moments, however many consumers die, and one that lives on hears everything. */
export function checkConsume({ bus, counts }: Storm): Check {
  const topic = bus.topic('storm', TOPIC)
  const survivor = topic.pull()
  let [published, heard] = [0, 0]
  function hear(): void {
    for (let message = survivor.next(); message; message = survivor.next()) {
      const read = readValue(message)
      if (read === undefined) counts.torn += 1
      else if (read.number !== heard) counts.lost += 1
      heard = (read?.number ?? heard) + 1
    }
  }
  return {
    goOn() {
      for (let message = 0; message < 50; message += 1) {
        topic.publishSync(makeValue(-1, published), { timeoutMs: 2_000 })
        published += 1
        hear()
      }
    },
    atEnd() {
      hear()
      counts.lost += published - heard + survivor.lost
      counts['accepted'] = published
    },
  }
}

/** Each life's messages come in order, without a gap, and all that were acknowledged. */
export function checkPublish({ bus, ledger, counts }: Storm): Check {
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
  return {
    async afterDeath(life) {
      const acknowledged = ledger.acknowledged(life)
      counts['accepted'] = (counts['accepted'] ?? 0) + acknowledged + 1
      const endMs = performance.now() + 2_000
      while ((heard.get(life) ?? 0) <= acknowledged && performance.now() < endMs) await sleep(1)
      counts.lost += Math.max(0, acknowledged + 1 - (heard.get(life) ?? 0))
    },
  }
}

/** What was called, by all of them, can be explained by one order of calls. */
export function checkHistories({ path, counts }: Storm): Check {
  return {
    atEnd() {
      const { calls, unexplained, unjudged } = judgeHistories(path)
      counts['unjudged'] = unjudged
      counts['calls'] = calls
      counts['unexplained'] = unexplained
      counts.lost += unexplained
    },
  }
}

/** At the end, every seat but the survivor's is free. */
export function checkAttach({ bus, counts }: Storm): Check {
  return {
    atEnd() {
      counts.leaked += bus.members().length - 1
    },
  }
}

const FILLER = Buffer.alloc(4_000)

/** How many values of 4 KiB fit: as many as before, where no block was lost. Deletes every key. */
export function countRoom(bus: Bus): number {
  for (const key of bus.store.list()) bus.store.delete(key)
  let fitting = 0
  try {
    for (; ; fitting += 1) bus.store.set(`filler-${fitting}`, FILLER)
  } catch (error) {
    if (!(error instanceof RunaError) || error.code !== 'STORE_FULL') throw error
  }
  for (const key of bus.store.list('filler-')) bus.store.delete(key)
  return fitting
}
