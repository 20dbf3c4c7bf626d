import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import fc from 'fast-check'
import { attachBus, createBus, type Store } from '#kernel/splinter'
import { readEntry, writeEntry } from './stored-entry.ts'
import { decodeEntries, encodeEntry } from './transfer.ts'

const folder = mkdtempSync('/dev/shm/runa-stored-entry-')
const [first, second] = ['first', 'second'].map((name) => {
  const path = join(folder, name, 'bus')
  createBus({ path, sizeBytes: 4 * 2 ** 20, inboxBytes: 65_536 })
  return attachBus(path, { name: 'test' })
})
after(() => {
  for (const bus of [first, second]) bus?.close()
  rmSync(folder, { recursive: true })
})

const NOW = Date.now()
const value = fc.oneof(fc.uint8Array(), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }))
const state = fc.record({
  key: fc.constantFrom('a', 'a.1', 'größe', ' '),
  value,
  type: fc.constantFrom('bytes', 'text', 'vector'),
  labels: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  lastsMs: fc.option(fc.integer({ min: 10 ** 6, max: 10 ** 9 }), { nil: undefined }),
  threshold: fc.option(fc.constantFrom(0.1, 0.5), { nil: undefined }),
})

function exported(store: Store): string[] {
  return store.list().flatMap((key) => {
    const entry = readEntry(store, key, {})
    return entry ? [encodeEntry(entry)] : []
  })
}

test('whatever a store holds stands the same in another after an export and an import, whatever was there before', () => {
  assert.ok(first && second)
  const [from, to] = [first.store, second.store]
  fc.assert(
    fc.property(fc.array(state), (states) => {
      for (const key of from.list()) from.delete(key)
      for (const { key, value: held, type, labels, lastsMs, threshold } of states) {
        const decay = threshold === undefined ? undefined : { halfLifeMs: 10 ** 7, threshold }
        const expiresAt = lastsMs === undefined ? undefined : NOW + lastsMs
        const named = typeof held === 'bigint' ? ('integer' as const) : type
        writeEntry(from, { key, value: held, type: named, labels, decay, expiresAt }, {}, NOW)
      }
      const lines = exported(from)
      const entries = decodeEntries(Buffer.from(lines.join('\n')))
      for (const entry of entries) writeEntry(to, entry, {}, NOW)
      for (const key of to.list()) if (!entries.some((entry) => entry.key === key)) to.delete(key)
      const taken = exported(to)
      assert.deepEqual(taken.map(withoutTime), lines.map(withoutTime))
      for (const [index, line] of lines.entries()) {
        assert.ok(Math.abs(timeIn(taken[index] ?? '') - timeIn(line)) < 10 ** 6, 'a lifetime was lost')
      }
    }),
  )
})

const MOMENT = /"expiresAt":([\d.]+)/

/** The moment is reckoned from what is left until it, a little later. */
const withoutTime = (line: string) => line.replace(MOMENT, '"expiresAt":…')

function timeIn(line: string): number {
  return Number(MOMENT.exec(line)?.[1] ?? 0)
}
