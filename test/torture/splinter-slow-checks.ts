import { existsSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { attachBus, createBus } from '#kernel/splinter'
import { RunaError } from '#protocol'
import type { Check, Storm } from './splinter-checks.ts'
import { HANDLED_MAX, openHandled, snapshotPath } from './splinter-handled.ts'
import { makeValue, readValue, TOPIC } from './splinter-ledger.ts'

const HANDLED_WITHIN_MS = 5_000

/** A snapshot is whole, or not there; and one that was acknowledged is there. */
export function checkSnapshot({ bus, path, ledger, counts }: Storm): Check {
  const scratchPath = join(dirname(path), 'scratch', 'bus')
  createBus({ path: scratchPath, sizeBytes: 4 * 2 ** 20, inboxBytes: 32_768, membersMax: 4 })
  const scratch = attachBus(scratchPath, { name: 'scratch' })
  let written = 0
  return {
    goOn() {
      bus.store.set('contended', makeValue(-1, written))
      written += 1
    },
    async afterDeath(life) {
      const file = snapshotPath(path, life)
      const acknowledged = ledger.acknowledged(life)
      if (!existsSync(file)) {
        if (acknowledged >= 0) counts.lost += 1
        return
      }
      try {
        await scratch.restore(file)
        const value = scratch.store.get(`own-${life}`)
        const read = value && readValue(value)
        if (value && !read) counts.torn += 1
        if ((read?.number ?? -1) < acknowledged) counts.lost += 1
      } catch {
        counts.torn += 1
      }
      scratch.store.delete(`own-${life}`)
      bus.store.delete(`own-${life}`)
      rmSync(file)
    },
    close: () => scratch.close(),
  }
}

/** Each message is handled by somebody, once or, where the one who had it died, again. */
export function checkGroup({ bus, path, counts }: Storm): Check {
  const handled = openHandled(path)
  const topic = bus.topic('storm', TOPIC)
  const note = (message: Uint8Array) => {
    const read = readValue(message)
    if (read) Atomics.add(handled, read.number, 1)
    else counts.torn += 1
  }
  topic.subscribe(note, { group: 'workers' })
  let published = 0
  function publish(): void {
    try {
      topic.publish(makeValue(-1, published))
      published += 1
    } catch (error) {
      // Those who have what lies in the way are given a while.
      if (!(error instanceof RunaError) || error.code !== 'BUS_BACKPRESSURE') throw error
    }
  }
  return {
    goOn() {
      for (let message = 0; message < 20 && published < HANDLED_MAX; message += 1) publish()
    },
    async atEnd() {
      const isHandled = () => handled.subarray(0, published).every((count) => count > 0)
      const endMs = performance.now() + HANDLED_WITHIN_MS
      while (!isHandled() && performance.now() < endMs) await sleep(5)
      const all = [...handled.subarray(0, published)]
      counts.lost += all.filter((count) => count === 0).length
      counts['accepted'] = published
      counts['again'] = all.filter((count) => count > 1).length
    },
  }
}
