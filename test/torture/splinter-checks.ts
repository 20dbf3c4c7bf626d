import { setTimeout as sleep } from 'node:timers/promises'
import type { Bus } from '#kernel/splinter'
import { KEYS_KEPT, type Ledger, makeValue, readValue, TOPIC } from './splinter-ledger.ts'

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

/** At the end, every seat but the survivor's is free. */
export function checkAttach({ bus, counts }: Storm): Check {
  return {
    atEnd() {
      counts.leaked += bus.members().length - 1
    },
  }
}
