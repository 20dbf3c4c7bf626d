import { layOut } from '../../src/kernel/splinter/segment/geometry.ts'
import type { Segment } from '../../src/kernel/splinter/segment/segment.ts'
import { ask, atomic, lock, tryLock } from './access.ts'
import type { Stage } from './explore.ts'
import { type LoadOptions, loadSteps } from './load.ts'
import { Memory } from './memory.ts'
import { Runtime, type Steps } from './runtime.ts'

/** A bus as small as can be: three keys, and topics with room for one. */
export const SMALL_LAYOUT = layOut({
  membersMax: 4,
  inboxBytes: 64,
  topicsBytes: 8_192,
  slotsMax: 3,
  storeBytes: 512,
  valueBytesMax: 128,
  whenFull: 'refuse',
})

export interface StageOptions extends LoadOptions {
  readonly isWeak?: boolean
}

/** The stamp of a participant: never 0. */
function stampOf(participant: number): number {
  return ((participant + 1) << 8) | (participant + 1)
}

export function ownerOf(stamp: number): number | undefined {
  const owner = (stamp & 0xff) - 1
  return stampOf(owner) === stamp ? owner : undefined
}

/** Modules in steps over a memory of their own. */
export async function setUp(entry: readonly string[], sizeBytes: number, options: StageOptions) {
  const memory = new Memory(sizeBytes, options.isWeak === true)
  const runtime = new Runtime(memory.buffer, (access) => memory.perform(access))
  const modules = await loadSteps(entry, options)
  /** `globals` stand in for what is global. */
  const instantiate = (globals: Readonly<Record<string, unknown>> = {}) =>
    modules.instantiate(runtime, globals)
  return { memory, runtime, instantiate, load: instantiate() }
}

/** The memory as the parts of the bus see it. */
export function segmentOver(memory: Memory, layout: Segment['layout']): Segment {
  const { buffer } = memory
  return {
    path: '(in steps)',
    fd: -1,
    isClosed: false,
    layout,
    privacy: { seals: 'nothing', keys: 'plain', proof: new Uint8Array(16) },
    bytes: Buffer.from(buffer),
    words: new Int32Array(buffer),
    floats: new Float64Array(buffer),
    integers: new BigInt64Array(buffer),
  } as unknown as Segment
}

/** Who a participant is, and locks that are waited for without looking at them over and over. */
export function seatOf(participant: number, words: Int32Array, stage: Stage) {
  const stamp = stampOf(participant)
  const lives = (other: number) => {
    const owner = ownerOf(other)
    return owner !== undefined && !stage.isDead(owner)
  }
  return {
    owner: {
      stamp,
      *isAlive(other: number): Steps {
        return yield ask(() => other === stamp || lives(other))
      },
    },
    locks: {
      stamp,
      *acquire(word: number): Steps<boolean> {
        return (yield lock(words, word, stamp, lives)) !== 0
      },
      *tryAcquire(word: number): Steps<false | 'free' | 'inherited'> {
        const holder = (yield tryLock(words, word, stamp, lives)) as number
        if (holder === 0) return 'free'
        return !lives(holder) && 'inherited'
      },
      *release(word: number): Steps<void> {
        yield atomic('compareExchange', words, word, [stamp, 0])
      },
      retire() {},
    },
  }
}
