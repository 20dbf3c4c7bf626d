import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { BLOCK_BYTES_MIN } from '../segment/geometry.ts'
import { Arena, orderFor } from './arena.ts'

/** Each unit, free or not: what the tree says in many fewer steps. */
class NaiveArena {
  readonly taken: boolean[]

  constructor(units: number) {
    this.taken = Array.from({ length: units }, () => false)
  }

  isFree(unit: number, order: number): boolean {
    const block = this.taken.slice(unit, unit + 2 ** order)
    return block.length === 2 ** order && block.every((taken) => !taken)
  }

  canTake(order: number): boolean {
    return this.taken.some((_, unit) => unit % 2 ** order === 0 && this.isFree(unit, order))
  }

  mark(unit: number, order: number, taken: boolean): void {
    this.taken.fill(taken, unit, unit + 2 ** order)
  }
}

const newArena = (units: number, leaves: number) => {
  const arena = new Arena(new Uint8Array(2 * leaves), units)
  arena.reset()
  return arena
}

test('a block has the order that its bytes need', () => {
  for (const [bytes, order] of [
    [0, 0],
    [1, 0],
    [64, 0],
    [65, 1],
    [128, 1],
    [129, 2],
    [2 ** 30, 24],
  ] as const) {
    assert.equal(orderFor(bytes), order, `${bytes} bytes`)
    assert.ok(BLOCK_BYTES_MIN * 2 ** order >= bytes)
  }
})

const step = fc.record({
  does: fc.constantFrom('take', 'free', 'takeAt'),
  order: fc.nat(5),
  which: fc.nat(63),
})

test('the tree gives and joins blocks as a list of all units would', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 32 }), fc.array(step, { maxLength: 80 }), (units, steps) => {
      const [arena, naive] = [newArena(units, 32), new NaiveArena(units)]
      const held: { unit: number; order: number }[] = []
      for (const { does, order, which } of steps) {
        const block = held[which % Math.max(1, held.length)]
        if (does === 'free' && block) {
          held.splice(held.indexOf(block), 1)
          arena.free(block.unit, block.order)
          naive.mark(block.unit, block.order, false)
          continue
        }
        const unit = does === 'takeAt' ? which : arena.take(order)
        if (does === 'takeAt') {
          const isThere = unit % 2 ** order === 0 && naive.isFree(unit, order)
          assert.equal(arena.takeAt(unit, order), isThere)
          if (!isThere) continue
        }
        assert.equal(unit >= 0, does === 'takeAt' || naive.canTake(order))
        if (unit < 0) continue
        assert.ok(naive.isFree(unit, order))
        naive.mark(unit, order, true)
        held.push({ unit, order })
      }
      for (const { unit, order } of held) arena.free(unit, order)
      assert.deepEqual(
        Array.from({ length: units }, () => arena.take(0)).sort((a, b) => a - b),
        Array.from({ length: units }, (_, unit) => unit),
      )
    }),
    { numRuns: 500 },
  )
})

test('a damaged tree gives blocks that lie in the arena, or none', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 64, maxLength: 64 }), fc.nat(40), (tree, order) => {
      const arena = new Arena(tree, 27)
      const unit = arena.take(order)
      assert.ok(unit === -1 || (unit >= 0 && unit + 2 ** order <= 27))
      arena.free(unit, order)
    }),
  )
})
