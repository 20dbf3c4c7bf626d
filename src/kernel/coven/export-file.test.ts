import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { RunaError } from '#protocol'
import { type CarriedSecret, openExport, sealExport } from './export-file.ts'

/** As cheap as the format allows. */
const COST = 2 ** 10
const PASSPHRASE = Buffer.from('four grey geese')
const passphrase = () => Buffer.from(PASSPHRASE)

const name = fc.stringMatching(/^[a-z][a-zA-Z0-9._-]{0,20}$/)
const secrets = fc.uniqueArray(
  fc.record({
    name,
    at: fc.nat(),
    value: fc.uint8Array({ minLength: 1, maxLength: 400 }).map((bytes) => Buffer.from(bytes)),
    grants: fc.uniqueArray(name, { maxLength: 4 }),
    leaseMs: fc.integer({ min: 1_000, max: 86_400_000 }),
  }),
  { selector: (secret) => secret.name, minLength: 1, maxLength: 6 },
)

const plain = (list: readonly CarriedSecret[]) =>
  list.map(({ value, grants, ...secret }) => ({
    ...secret,
    grants: [...grants],
    value: value.toString('hex'),
  }))

test('whatever is exported comes back, and none of it can be read in the file', async () => {
  await fc.assert(
    fc.asyncProperty(secrets, async (carried) => {
      const file = await sealExport(carried, passphrase(), COST)
      for (const { value } of carried) assert.ok(value.length < 12 || !file.includes(value))
      assert.deepEqual(plain(await openExport(file, passphrase())), plain(carried))
    }),
    { numRuns: 25 },
  )
})

const ONE: readonly CarriedSecret[] = [
  { name: 'mail', at: 1, value: Buffer.from('a word'), grants: ['tieto'], leaseMs: 60_000 },
]

test('no flipped bit, no cut, nothing else and no other passphrase opens', async () => {
  const file = await sealExport(ONE, passphrase(), COST)
  const damaged = fc.oneof(
    fc.nat(file.length * 8 - 1).map((bit) => {
      const bytes = Buffer.from(file)
      bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      return bytes
    }),
    fc.nat(file.length - 1).map((length) => file.subarray(0, length)),
    fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
  )
  await fc.assert(
    fc.asyncProperty(damaged, async (bytes) => {
      await assert.rejects(openExport(bytes, passphrase()), { code: 'EXPORT_INVALID' })
    }),
    { numRuns: 150 },
  )
  await assert.rejects(
    openExport(file, Buffer.from('four grey goose')),
    (error: RunaError) => error instanceof RunaError && error.code !== 'EXPORT_INVALID',
  )
})

test('an export with what no vault would take is refused as a whole', async () => {
  const [good] = ONE as [CarriedSecret]
  for (const bad of [
    { ...good, name: 'No Name' },
    { ...good, grants: ['No Service'] },
    { ...good, leaseMs: 5 },
    { ...good, value: Buffer.alloc(0) },
    { ...good, value: Buffer.alloc(65_537) },
  ]) {
    const file = await sealExport([{ ...good, name: 'first' }, bad], passphrase(), COST)
    await assert.rejects(openExport(file, passphrase()), { code: 'EXPORT_INVALID' })
  }
})
