import { createRandom } from '../torture/row.ts'
import type { Access } from './access.ts'
import type { Memory } from './memory.ts'
import type { Steps } from './runtime.ts'

/** One set of participants at their beginning. Made anew for each order in which they run. */
interface Play {
  readonly participants: readonly Steps[]
  /** What they have told so far, as far as the end depends on it. */
  digest(): string
  /** Once each has ended or died. Says what is wrong. */
  check(): string | undefined
}

/** What is known while a play is on. */
export interface Stage {
  isDead(participant: number): boolean
}

export interface Scenario {
  readonly name: string
  readonly memory: Memory
  begin(stage: Stage): Play
  /** Whose lock it is; undefined for a stamp that nobody here has. */
  ownerOf(stamp: number): number | undefined
}

export interface Bounds {
  /** Participants that may die, each at any step. */
  readonly deaths?: number
  /**
   * Times that a participant is interrupted though it could go on: most faults need two (Musuvathi and Qadeer, "Iterative
   * context bounding", 2007). Without it, all orders are tried.
   */
  readonly interruptions?: number
  /** In weak memory: accesses that take effect at another time than that of their step. */
  readonly oddities?: number
  /** States to visit before it gives up. */
  readonly statesMax?: number
}

export interface Exploration {
  readonly scenario: string
  readonly states: number
  readonly runs: number
  /** Everything within the bounds was seen. */
  readonly isComplete: boolean
  readonly fault?: { readonly message: string; readonly trace: readonly string[] }
}

type Move = { readonly kind: 'step' | 'arrival' | 'death'; readonly by: number; readonly detail: number }

interface Junction {
  readonly moves: readonly Move[]
  index: number
}

/** Orders that are taken by chance first, to learn what is shared. */
const WANDERINGS = 40
const STEPS_MAX = 20_000
/** Who is asked after everything: beyond the participants. */
const SURVIVOR = 30

/** Tries every order of the steps of the participants of a scenario, up to the first that ends badly. */
export function explore(scenario: Scenario, bounds: Bounds = {}): Exploration {
  const footprint = new Footprint()
  new Search(scenario, bounds, footprint).wander(WANDERINGS)
  for (;;) {
    const result = new Search(scenario, bounds, footprint).run()
    if (result) return result
    // Somebody touched what had been taken for another's own: from the beginning, with more steps.
  }
}

/** Which words more than one touches, and at least one writes. Nobody sees when the other ones change. */
class Footprint {
  private readonly touched = new Map<number, number>()
  private readonly written = new Set<number>()
  isStale = false

  note({ kind, start, length }: Access, participant: number): void {
    const writes = kind !== 'load' && kind !== 'read'
    for (let word = start >> 2; word <= (start + length - 1) >> 2; word += 1) {
      const before = this.touched.get(word) ?? 0
      const after = before | (1 << participant)
      if (after === before && (!writes || this.written.has(word))) continue
      const wasContended = this.isContended(word)
      this.touched.set(word, after)
      if (writes) this.written.add(word)
      if (!wasContended && this.isContended(word)) this.isStale = true
    }
  }

  isVisible({ kind, start, length }: Access): boolean {
    if (kind === 'own') return false
    if (length === 0) return true
    for (let word = start >> 2; word <= (start + length - 1) >> 2; word += 1) {
      if (this.isContended(word)) return true
    }
    return false
  }

  private isContended(word: number): boolean {
    const touched = this.touched.get(word) ?? 0
    return (touched & (touched - 1)) !== 0 && this.written.has(word)
  }
}

interface Participant {
  readonly steps: Steps
  pending: Access | undefined
  isDead: boolean
  /** Of everything that it was given: with the same, it does the same. */
  readonly digests: [number, number]
  pausedAt: number
}

const UNBOUNDED = {
  deaths: 0,
  interruptions: Number.POSITIVE_INFINITY,
  oddities: Number.POSITIVE_INFINITY,
  statesMax: 5_000_000,
}

class Search {
  private readonly visited = new Map<string, number>()
  private readonly path: Junction[] = []
  private participants: Participant[] = []
  private oddities = 0
  private states = 0
  private runs = 0
  private readonly scenario: Scenario
  private readonly bounds: Required<Bounds>
  private readonly footprint: Footprint

  constructor(scenario: Scenario, bounds: Bounds, footprint: Footprint) {
    this.scenario = scenario
    this.bounds = { ...UNBOUNDED, ...bounds }
    this.footprint = footprint
    footprint.isStale = false
  }

  /** Undefined when the footprint has grown. */
  run(): Exploration | undefined {
    for (;;) {
      this.runs += 1
      const message = this.runOnce()
      if (this.footprint.isStale) return undefined
      if (message !== undefined) return this.result(true, { message, trace: this.retrace() })
      if (this.states > this.bounds.statesMax) return this.result(false)
      while (this.path.length > 0) {
        const last = this.path[this.path.length - 1] as Junction
        last.index += 1
        if (last.index < last.moves.length) break
        this.path.pop()
      }
      if (this.path.length === 0) return this.result(true)
    }
  }

  /** Takes some orders by chance. */
  wander(times: number): void {
    const random = createRandom(1)
    for (let time = 0; time < times; time += 1) {
      this.runOnce(undefined, (moves) => Math.floor(random() * moves.length))
      this.path.length = 0
    }
  }

  private result(isComplete: boolean, fault?: Exploration['fault']): Exploration {
    const figures = { scenario: this.scenario.name, states: this.states, runs: this.runs, isComplete }
    return fault ? { ...figures, fault } : figures
  }

  /** One order of steps: that of `path`, then always the first one. Returns what is wrong at its end. */
  private runOnce(trace?: string[], choose?: (moves: readonly Move[]) => number): string | undefined {
    const { memory } = this.scenario
    this.participants = []
    memory.reset()
    const play = this.scenario.begin({ isDead: (index) => this.participants[index]?.isDead === true })
    memory.admit(play.participants.length)
    this.participants = play.participants.map((steps) => ({
      steps,
      pending: undefined,
      isDead: false,
      digests: [0, 1],
      pausedAt: -1,
    }))
    for (const [index] of this.participants.entries()) this.advance(index, undefined)
    let left = this.bounds.interruptions
    this.oddities = this.bounds.oddities
    let last = -1
    for (let depth = 0; depth < STEPS_MAX && (choose || !this.footprint.isStale); depth += 1) {
      if (depth === this.path.length) {
        const moves = this.moves(last, left)
        if (moves.length === 0) return this.end(play)
        if (!choose && !this.isNew(play, last, left)) return undefined
        this.path.push({ moves, index: choose?.(moves) ?? 0 })
      }
      const { moves, index } = this.path[depth] as Junction
      const move = moves[index] as Move
      trace?.push(this.describe(move))
      if (move.kind === 'step' && last !== move.by && this.canGoOn(last)) left -= 1
      if (move.kind === 'step' && move.detail !== this.scenario.memory.time) this.oddities -= 1
      this.make(move)
      if (move.kind === 'step') last = move.by
    }
    return this.footprint.isStale ? undefined : `it does not come to an end within ${STEPS_MAX} steps`
  }

  private isNew(play: Play, last: number, left: number): boolean {
    const isBounded = this.bounds.interruptions !== Number.POSITIVE_INFINITY
    const each = this.participants.map(({ digests, isDead, pending }, index) => {
      const state = isDead ? 'dead' : pending === undefined ? 'ended' : ''
      const isWaiting = this.isPaused(index) || pending?.isReady?.() === false
      return `${digests}${state}${isWaiting ? 'w' : ''}`
    })
    const key = `${this.scenario.memory.digest()}|${each.join()}|${play.digest()}|${this.oddities}|${isBounded ? last : ''}`
    const before = this.visited.get(key)
    if (before !== undefined && before >= left) return false
    if (before === undefined) this.states += 1
    this.visited.set(key, left)
    return true
  }

  private moves(last: number, left: number): Move[] {
    const steps: Move[] = []
    const { memory } = this.scenario
    const isBound = left <= 0 && this.canGoOn(last)
    let deaths = 0
    for (const [by, { pending, isDead }] of this.participants.entries()) {
      if (isDead) deaths += 1
      else if (pending && this.isEnabled(by) && (!isBound || by === last)) {
        const times = memory
          .times(pending, by)
          .reverse()
          .slice(0, this.oddities > 0 ? undefined : 1)
        for (const detail of times) steps.push({ kind: 'step', by, detail })
      }
      for (const detail of memory.arrivals(by)) steps.push({ kind: 'arrival', by, detail })
    }
    if (deaths >= this.bounds.deaths) return steps
    const living = [...this.participants.keys()].filter((by) => !this.hasEnded(by))
    return [...steps, ...living.map((by) => ({ kind: 'death', by, detail: 0 }) as const)]
  }

  private hasEnded(index: number): boolean {
    const participant = this.participants[index] as Participant
    return participant.isDead || participant.pending === undefined
  }

  private canGoOn(index: number): boolean {
    return index >= 0 && !this.hasEnded(index) && this.isEnabled(index)
  }

  private isEnabled(index: number): boolean {
    const { pending } = this.participants[index] as Participant
    const { memory } = this.scenario
    if (!pending || !memory.isPossible(pending, index)) return false
    if (pending.kind === 'lock') return this.isFree(pending)
    if (pending.isReady) return pending.isReady()
    return !this.isPaused(index)
  }

  private isFree({ start }: Access): boolean {
    const holder = new Int32Array(this.scenario.memory.buffer)[start >> 2] as number
    if (holder === 0) return true
    const owner = this.scenario.ownerOf(holder)
    return owner === undefined || this.participants[owner]?.isDead === true
  }

  private isPaused(index: number): boolean {
    const { pending, pausedAt } = this.participants[index] as Participant
    return pending?.kind === 'pause' && pausedAt === this.now()
  }

  private now(): number {
    return this.scenario.memory.time + this.participants.filter(({ isDead }) => isDead).length
  }

  private make({ kind, by, detail }: Move): void {
    const { memory } = this.scenario
    const participant = this.participants[by] as Participant
    if (kind === 'arrival') memory.arrive(by, detail)
    if (kind === 'death') {
      participant.isDead = true
      memory.arriveAll(by)
    }
    if (kind !== 'step') return
    const given = memory.performAs(participant.pending as Access, by, detail)
    participant.digests[0] = fold(participant.digests[0], given)
    participant.digests[1] = fold(participant.digests[1] ^ 0x5bd1, given)
    this.advance(by, given)
  }

  /** Up to the next access that others may see. */
  private advance(index: number, given: unknown): void {
    const participant = this.participants[index] as Participant
    let step = participant.steps.next(given)
    for (; !step.done; step = participant.steps.next(this.scenario.memory.perform(step.value))) {
      this.footprint.note(step.value, index)
      const isNoBarrier = step.value.kind === 'fence' && !this.scenario.memory.isWeak
      if (isNoBarrier || !this.footprint.isVisible(step.value)) continue
      participant.pending = step.value
      participant.pausedAt = this.now()
      return
    }
    participant.pending = undefined
  }

  private end(play: Play): string | undefined {
    const isStuck = (index: number) =>
      !this.hasEnded(index) && this.participants[index]?.pending?.kind !== 'sleep'
    const stuck = [...this.participants.keys()].filter(isStuck)
    if (stuck.length > 0) return `participant ${stuck.join(' and ')} waits for ever`
    const { memory } = this.scenario
    memory.observer = (access) => this.footprint.note(access, SURVIVOR)
    try {
      return play.check()
    } finally {
      memory.observer = undefined
    }
  }

  private retrace(): string[] {
    const trace: string[] = []
    this.runOnce(trace)
    return trace
  }

  private describe({ kind, by, detail }: Move): string {
    if (kind !== 'step') return `${by}: ${kind}${kind === 'arrival' ? ` of delayed write ${detail}` : ''}`
    const { pending } = this.participants[by] as Participant
    const late = detail < this.scenario.memory.time ? ` as of ${detail} of ${this.scenario.memory.time}` : ''
    return `${by}: ${pending?.kind} ${pending?.length} bytes at word ${(pending?.start ?? 0) / 4}${late}`
  }
}

function fold(digest: number, given: unknown): number {
  let folded = Math.imul(digest ^ 0x1357_9bdf, 0x0100_0193) + 1
  if (given instanceof Uint8Array) for (const byte of given) folded = Math.imul(folded ^ byte, 0x0100_0193)
  else if (typeof given === 'bigint') {
    folded = Math.imul(folded ^ Number(BigInt.asIntN(32, given)), 0x0100_0193)
    folded = Math.imul(folded ^ Number(BigInt.asIntN(32, given >> 32n)), 0x0100_0193)
  } else if (typeof given === 'string') {
    for (const char of given) folded = Math.imul(folded ^ char.charCodeAt(0), 0x0100_0193)
  } else folded = Math.imul(folded ^ Number(given ?? -7), 0x85eb_ca6b) ^ (Number(given ?? -7) >>> 11)
  return folded ^ (folded >>> 15)
}
