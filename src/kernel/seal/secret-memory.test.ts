import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import fc from 'fast-check'
import { type MemoryGuard, mapGuardedMemory } from '#kernel/sys'
import { keepSecret, moveSecret, secretMemory, secretRoom, wipe } from './secret-memory.ts'

test('secrets have rooms of their own, and lose nothing to those that come and go', () => {
  const step = fc.oneof(fc.nat(300), fc.constant('drop' as const))
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const held: { secret: Buffer; byte: number; length: number }[] = []
      steps.forEach((next, index) => {
        if (next === 'drop') {
          const { secret } = held.splice(Math.floor(held.length / 2), 1)[0] ?? {}
          if (secret) wipe(secret)
        } else {
          const secret = keepSecret(Buffer.alloc(next, index + 1))
          held.push({ secret, byte: index + 1, length: next })
        }
        for (const { secret, byte, length } of held) {
          assert.equal(secret.length, length)
          assert.ok(secret.every((one) => one === byte))
        }
      })
      wipe(...held.map(({ secret }) => secret))
    }),
  )
  assert.equal(secretMemory().unguarded, 0)
})

test('a room is zeros, and a second wiping harms nobody', () => {
  const first = keepSecret(Buffer.from('a secret'))
  wipe(first)
  assert.deepEqual(first, Buffer.alloc(8))
  const next = keepSecret(Buffer.from('b secret'))
  wipe(first)
  assert.equal(next.toString(), 'b secret')
  const source = Buffer.from('c secret')
  const moved = moveSecret(source)
  assert.deepEqual(source, Buffer.alloc(8))
  assert.equal(moved.toString(), 'c secret')
  assert.deepEqual(secretRoom(70), Buffer.alloc(70))
})

test('what is too large is kept in ordinary memory, and counted', () => {
  const before = secretMemory()
  assert.equal(secretRoom(2 ** 20).length, 2 ** 20)
  assert.equal(secretMemory().unguarded, before.unguarded + 1)
  assert.equal(secretMemory().sizeBytes, before.sizeBytes)
})

/** Those of the mapping, in no dump, of this process that has just this size. */
function flagsOfMapping(sizeBytes: number): string[] {
  const mappings = readFileSync('/proc/self/smaps', 'latin1').split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m)
  const size = new RegExp(`^Size: +${sizeBytes / 1_024} kB$`, 'm')
  const flags = mappings.filter((text) => size.test(text)).map((text) => /^VmFlags:(.*)$/m.exec(text)?.[1])
  // Of libraries there may be some of just that size as well.
  return flags.find((text) => text?.includes(' dd'))?.split(' ') ?? []
}

test('guarded memory is locked and in no dump, or says that it is not', () => {
  const sizes = { secret: 1_604 * 1_024, locked: 1_608 * 1_024, open: 1_612 * 1_024 }
  for (const best of ['secret', 'locked', 'open'] as const satisfies MemoryGuard[]) {
    const { bytes, guard } = mapGuardedMemory(sizes[best], best)
    assert.equal(bytes.length, sizes[best])
    assert.ok(bytes.every((byte) => byte === 0))
    const flags = flagsOfMapping(sizes[best])
    assert.ok(flags.includes('dd'), `${best}: ${flags.join(' ')}`)
    assert.equal(flags.includes('lo'), guard !== 'open')
    if (best === 'open') assert.equal(guard, 'open')
    // No other process has `secret` memory after a fork; of the rest it gets zeros.
    assert.ok(flags.includes(guard === 'secret' ? 'dc' : 'wf'))
  }
})
