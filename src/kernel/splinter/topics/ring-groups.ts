import { RunaError } from '#protocol'
import { fence } from '../segment/fence.ts'
import { GROUP_BYTES, GROUPS_MAX, groupsBytes, KEY_BYTES_MAX } from '../segment/geometry.ts'
import type { Segment } from '../segment/segment.ts'
import type { RingPlace } from './ring-place.ts'

// Words of a group. It exists once its state says so, which is written last. Where it reads on stands there twice, as
// the state of the ring does.
const STATE = 0
const VERSION = 1
const ABANDONED = 2
const NAME_LENGTH = 3
const SIDES = 4
const SIDE_WORDS = 4
const NAME_BYTE = 64
const USED = 1

/** The groups of a ring: each has one cursor for all its members. To change it, hold the lock of the ring. */
export class Groups {
  readonly count: number
  private readonly segment: Segment
  private readonly start: number

  constructor(segment: Segment, { header, consumersMax }: RingPlace) {
    this.segment = segment
    this.start = header * 4 + groupsBytes(consumersMax)
    this.count = consumersMax > 1 ? GROUPS_MAX : 0
  }

  /** The group of that name; -1 where there is none. */
  find(name: string): number {
    for (let index = 0; index < this.count; index += 1) {
      if (this.isUsed(index) && this.nameOf(index) === name) return index
    }
    return -1
  }

  /**
   * Makes one, where need be in place of an abandoned one, of whose members `forget` leaves nothing. Throws BUS_FULL where
   * all have living members.
   */
  create(name: string, position: number, sequence: number, forget: (index: number) => void): number {
    const nameBytes = Buffer.from(name)
    if (name === '' || nameBytes.length > KEY_BYTES_MAX) {
      throw new RunaError('BAD_INPUT', `A group's name has 1 to ${KEY_BYTES_MAX} bytes.`)
    }
    const all = Array.from({ length: this.count }, (_, index) => index)
    const index = all.find((each) => !this.isUsed(each)) ?? all.find((each) => this.isAbandoned(each))
    if (index === undefined) {
      throw new RunaError('BUS_FULL', `A topic has at most ${GROUPS_MAX} groups of consumers.`)
    }
    const { words, bytes } = this.segment
    const word = this.word(index)
    Atomics.store(words, word + STATE, 0)
    forget(index)
    words[word + NAME_LENGTH] = nameBytes.length
    bytes.set(nameBytes, word * 4 + NAME_BYTE)
    this.commit(index, position, sequence)
    Atomics.store(words, word + ABANDONED, 0)
    Atomics.store(words, word + STATE, USED)
    return index
  }

  isUsed(index: number): boolean {
    return Atomics.load(this.segment.words, this.word(index) + STATE) === USED
  }

  /** Nobody of it lives: it holds nobody up, and goes on with the next member. */
  isAbandoned(index: number): boolean {
    return Atomics.load(this.segment.words, this.word(index) + ABANDONED) !== 0
  }

  setAbandoned(index: number, isAbandoned: boolean): void {
    Atomics.store(this.segment.words, this.word(index) + ABANDONED, isAbandoned ? 1 : 0)
  }

  positionOf(index: number): number {
    return Atomics.load(this.segment.words, this.side(index, this.version(index)))
  }

  /** May be asked without the lock. */
  sequenceOf(index: number): number {
    return Atomics.load(this.segment.words, this.side(index, this.version(index)) + 1)
  }

  commit(index: number, position: number, sequence: number): void {
    const { words } = this.segment
    const version = (this.version(index) + 1) | 0
    const side = this.side(index, version)
    fence()
    words[side] = position
    words[side + 1] = sequence
    Atomics.store(words, this.word(index) + VERSION, version)
  }

  private nameOf(index: number): string {
    const { words, bytes } = this.segment
    const word = this.word(index)
    const length = Math.min(KEY_BYTES_MAX, Math.max(0, words[word + NAME_LENGTH] ?? 0))
    return bytes.toString('utf8', word * 4 + NAME_BYTE, word * 4 + NAME_BYTE + length)
  }

  private version(index: number): number {
    return Atomics.load(this.segment.words, this.word(index) + VERSION)
  }

  private side(index: number, version: number): number {
    return this.word(index) + SIDES + (version & 1) * SIDE_WORDS
  }

  private word(index: number): number {
    return (this.start + index * GROUP_BYTES) >> 2
  }
}
