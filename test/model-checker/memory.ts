import type { Access, Content } from './access.ts'

/** A write that has been made, but that others do not see yet. */
interface Delayed {
  readonly start: number
  readonly content: Uint8Array
  /** An atomic store: what was written before it is seen before it. */
  readonly isRelease: boolean
}

/** What one participant has made of the order of things. Times are numbers of writes that everybody sees. */
interface Mind {
  readonly delayed: Delayed[]
  /** It has seen everything that was written before. */
  acquiredAt: number
  /** When its last atomic store was seen by everybody. */
  releasedAt: number
  /** By word: how far its own reads and writes of that word have come. */
  readonly seenAt: Map<number, number>
}

/** Of a write that others see only some time after it was made. */
const LATE = -1
/** More writes than that are not held back by one participant: a bound of the search, as small machines have one. */
const DELAYED_MAX = 4

/**
 * The memory that participants share, with a record of each write, so that it can be put back.
 *
 * `strict`: each access happens at once, in the order of the program. `weak`: as ARMv8 allows with what V8 makes of
 * JavaScript. Plain writes are seen late and in any order, but before the next atomic store of the same participant is;
 * that store may itself be late, and what is written after it may overtake it. Reads may be made early: at any time since
 * the last atomic load of the same participant, which is as if earlier reads were late. An atomic load waits for one's
 * own atomic stores, and an atomic update is a barrier for everything. Each word on its own is always in order.
 */
export class Memory {
  readonly buffer: ArrayBuffer
  /** Sees what is done at once. */
  observer: ((access: Access) => void) | undefined
  private readonly view: DataView
  private readonly words: Int32Array
  readonly isWeak: boolean
  private readonly writtenWords: number[] = []
  private readonly overwritten: number[] = []
  private readonly minds: Mind[] = []
  private hashes: [number, number] = [0, 0]

  constructor(sizeBytes: number, isWeak: boolean) {
    this.buffer = new ArrayBuffer(sizeBytes)
    this.view = new DataView(this.buffer)
    this.words = new Int32Array(this.buffer)
    this.isWeak = isWeak
  }

  /** The number of writes that everybody sees. */
  get time(): number {
    return this.writtenWords.length
  }

  /** What is written from now on can be taken back. */
  settle(): void {
    this.writtenWords.length = 0
    this.overwritten.length = 0
    this.hashes = [0, 0]
  }

  /** To what was there when it settled. */
  reset(): void {
    for (let index = this.writtenWords.length - 1; index >= 0; index -= 1) {
      this.words[this.writtenWords[index] as number] = this.overwritten[index] as number
    }
    this.settle()
    this.minds.length = 0
  }

  /** So many take part, and know what has happened so far. */
  admit(participants: number): void {
    for (let index = 0; index < participants; index += 1) {
      this.minds.push({ delayed: [], acquiredAt: this.time, releasedAt: this.time, seenAt: new Map() })
    }
  }

  /** At once and in order, as a participant that runs alone. */
  perform(access: Access): unknown {
    this.observer?.(access)
    const before = this.decode(access)
    const content = access.encode?.(before)
    if (content) this.publish(access.start, content)
    return access.result ? access.result() : before
  }

  /** Whether the hardware lets this one be made now: some wait until what was written before is seen. */
  isPossible(access: Access, participant: number): boolean {
    const { delayed } = this.mindOf(participant)
    if (delayed.length === 0) return true
    if (access.kind === 'update' || access.kind === 'lock' || access.kind === 'fence') return false
    if (access.kind === 'load') return !delayed.some((write) => write.isRelease)
    return access.kind === 'read' || delayed.length < DELAYED_MAX
  }

  /** The times as of which this access may be made: the last is now, and `LATE` is later, for a write. */
  times(access: Access, participant: number): number[] {
    const { delayed, acquiredAt, releasedAt, seenAt } = this.mindOf(participant)
    const now = this.time
    if (!this.isWeak) return [now]
    if (access.kind === 'write' || access.kind === 'store') return [LATE, now]
    if (access.kind !== 'read' && access.kind !== 'load') return [now]
    if (delayed.some((write) => overlaps(write, access))) return [now]
    let earliest = access.kind === 'load' ? Math.max(acquiredAt, releasedAt) : acquiredAt
    const [first, last] = wordsOf(access)
    for (let word = first; word <= last; word += 1) earliest = Math.max(earliest, seenAt.get(word) ?? 0)
    const times: number[] = []
    for (let time = earliest; time < now; time += 1) {
      const word = this.writtenWords[time] as number
      if (word >= first && word <= last) times.push(time)
    }
    return [...times, now]
  }

  /** Makes an access as of one of its `times`. */
  performAs(access: Access, participant: number, time: number): unknown {
    const mind = this.mindOf(participant)
    if (!this.isWeak) return this.perform(access)
    if (access.kind === 'store' || access.kind === 'write') {
      const content = access.encode?.(0) as Uint8Array
      mind.delayed.push({ start: access.start, content: content.slice(), isRelease: access.kind === 'store' })
      const last = mind.delayed.length - 1
      if (time !== LATE && this.arrivals(participant).includes(last)) this.arrive(participant, last)
      return access.result?.()
    }
    if (access.kind === 'update' || access.kind === 'lock' || access.kind === 'fence') {
      const result = this.perform(access)
      mind.acquiredAt = this.time
      mind.releasedAt = this.time
      return result
    }
    const result = this.readAs(access, mind, time)
    const [first, last] = wordsOf(access)
    for (let word = first; word <= last && access.length > 0; word += 1) mind.seenAt.set(word, time)
    if (access.kind === 'load') mind.acquiredAt = Math.max(mind.acquiredAt, time)
    return result
  }

  /** Which of its delayed writes may be seen next. */
  arrivals(participant: number): number[] {
    const { delayed } = this.mindOf(participant)
    return delayed.flatMap((write, index) => {
      const earlier = delayed.slice(0, index)
      const waits = write.isRelease ? earlier.length > 0 : earlier.some((other) => overlaps(other, write))
      return waits ? [] : [index]
    })
  }

  arrive(participant: number, index: number): void {
    const mind = this.mindOf(participant)
    const [write] = mind.delayed.splice(index, 1)
    if (!write) return
    this.publish(write.start, write.content)
    if (write.isRelease) mind.releasedAt = this.time
    const [first, last] = wordsOf({ start: write.start, length: write.content.length })
    for (let word = first; word <= last; word += 1) mind.seenAt.set(word, this.time)
  }

  /** Everything that was written is seen: so it is for whoever has learnt from the kernel that the writer is dead. */
  arriveAll(participant: number): void {
    while (this.mindOf(participant).delayed.length > 0) this.arrive(participant, 0)
  }

  /** Of the words that have changed, and of what each participant has yet to see and to show. */
  digest(): string {
    const minds = this.isWeak ? this.minds.map((mind) => this.digestOf(mind)).join() : ''
    return `${this.hashes[0]}.${this.hashes[1]}.${minds}`
  }

  private digestOf({ delayed, acquiredAt, releasedAt, seenAt }: Mind): string {
    const pending = delayed.map(
      ({ start, content, isRelease }) => `${start}${isRelease ? '!' : ':'}${content.join()}`,
    )
    const history: string[] = []
    for (let time = acquiredAt; time < this.time; time += 1) {
      const word = this.writtenWords[time] as number
      history.push(`${word}=${this.overwritten[time]}${time < (seenAt.get(word) ?? 0) ? 's' : ''}`)
    }
    return `${pending.join(';')}/${Math.max(0, releasedAt - acquiredAt)}/${history.join(';')}`
  }

  private mindOf(participant: number): Mind {
    return this.minds[participant] as Mind
  }

  private decode({ decode, start, length }: Access): Content {
    return length === 0 ? 0 : decode(this.view, start)
  }

  /** The memory as it was at that time, with one's own writes. */
  private readAs(access: Access, { delayed }: Mind, time: number): unknown {
    if (access.length === 0 || access.result) return access.result?.()
    const [first, last] = wordsOf(access)
    const then = this.words.slice(first, last + 1)
    for (let index = this.time - 1; index >= time; index -= 1) {
      const word = this.writtenWords[index] as number
      if (word >= first && word <= last) then[word - first] = this.overwritten[index] as number
    }
    const bytes = new Uint8Array(then.buffer)
    for (const { start, content } of delayed) {
      for (const [offset, byte] of content.entries()) {
        const at = start + offset - first * 4
        if (at >= 0 && at < bytes.length) bytes[at] = byte
      }
    }
    return access.decode(new DataView(then.buffer), access.start - first * 4)
  }

  private publish(start: number, content: Uint8Array): void {
    const [first, last] = wordsOf({ start, length: content.length })
    const before = this.words.slice(first, last + 1)
    new Uint8Array(this.buffer).set(content, start)
    for (let word = first; word <= last; word += 1) {
      const [old, value] = [before[word - first] as number, this.words[word] as number]
      if (old === value) continue
      this.writtenWords.push(word)
      this.overwritten.push(old)
      this.hashes[0] ^= mix(word, old) ^ mix(word, value)
      this.hashes[1] ^= mix(word + 0x51_7cc1, old) ^ mix(word + 0x51_7cc1, value)
    }
  }
}

function wordsOf({ start, length }: Pick<Access, 'start' | 'length'>): [first: number, last: number] {
  return [start >> 2, (start + length - 1) >> 2]
}

function overlaps(
  write: Delayed,
  { start, length, content }: { start: number; length?: number; content?: Uint8Array },
) {
  const end = start + (length ?? content?.length ?? 0)
  return write.start < end && start < write.start + write.content.length
}

/** Zobrist hashing: the sum does not depend on the order in which words got their values. */
function mix(word: number, value: number): number {
  let mixed = Math.imul(word ^ 0x9e37_79b9, 0x85eb_ca6b) ^ Math.imul(value, 0xc2b2_ae35)
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x2c1b_3c6d) ^ Math.imul(value ^ (word << 16), 0x297a_2d39)
  return mixed ^ (mixed >>> 13)
}
