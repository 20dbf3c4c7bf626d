import type { Verdict } from '#protocol'
import type { CompiledPolicy } from './compile.ts'
import type { Matcher } from './matcher.ts'
import { type Match, Scanner } from './scanner.ts'
import type { Action, Direction, Released, TokenStream } from './verdict.ts'

/** Longer pieces are worked off in slices of this size, so that a stream never needs more memory for them. */
const SLICE_BYTES = 4_096

const NOTHING: Released = { text: '', verdicts: [], blocked: false }
const OVER: Released = { text: '', verdicts: [], blocked: true }

/** Where several matches begin at one place: exceptions first, then the sternest. */
const ACTION_ORDER: Readonly<Record<Action, number>> = { allow: 0, block: 1, mask: 2 }

/**
 * Guards one text. Nothing is released that belongs to a match, or may still turn out to: what is held back begins at
 * the earliest place where a match could still begin. What comes out, and the verdicts, do not depend on how the text
 * was cut into pieces. Matches are judged in the order in which they begin:
 *
 * - one that lies wholly inside an `allow` match passes, without a verdict of its own;
 * - `mask` replaces it; masks that overlap are joined, under the words of the first;
 * - `block` ends the text where the match begins, and releases the reply in its place.
 */
export function createTokenStream(policy: CompiledPolicy, direction: Direction): TokenStream {
  const gate = new Gate(policy[direction])
  return {
    push: (bytes) => gate.push(bytes),
    end: () => gate.end(),
  }
}

class Gate {
  private readonly scanner: Scanner
  private readonly direction: Direction
  /** Everything below this byte of the text was released, masked or dropped. */
  private settledBytes = 0
  private allowedBytes = 0
  private last: Match | undefined
  private hasReleased = false
  private isOver = false
  private isBlocked = false

  constructor(matcher: Matcher) {
    this.scanner = new Scanner(matcher)
    this.direction = matcher.direction
  }

  push(bytes: Uint8Array): Released {
    if (this.isOver) return this.isBlocked ? OVER : NOTHING
    if (bytes.length <= SLICE_BYTES) return this.pushSlice(bytes)
    let text = ''
    const verdicts: Verdict[] = []
    for (let at = 0; at < bytes.length && !this.isOver; at += SLICE_BYTES) {
      const released = this.pushSlice(bytes.subarray(at, at + SLICE_BYTES))
      text += released.text
      verdicts.push(...released.verdicts)
    }
    return { text, verdicts, blocked: this.isBlocked }
  }

  end(): Released {
    if (this.isOver) return this.isBlocked ? OVER : NOTHING
    this.scanner.end()
    const released = this.release()
    this.isOver = true
    return released
  }

  private pushSlice(bytes: Uint8Array): Released {
    this.scanner.push(bytes)
    return this.release()
  }

  private release(): Released {
    const { scanner } = this
    const decidedBytes = scanner.decidedBytes()
    const matches = scanner.takeDecided()
    let text = ''
    const verdicts: Verdict[] = []
    for (const match of matches.length > 1 ? matches.sort(compareMatches) : matches) {
      if (this.isRepeated(match)) continue
      const { rule } = match.placed
      if (rule.action === 'allow') this.allowedBytes = Math.max(this.allowedBytes, match.end)
      else if (match.end <= this.allowedBytes) continue
      verdicts.push(this.judge(match))
      if (rule.action === 'allow') continue
      if (match.start >= this.settledBytes) text += this.releaseBelow(match.start)
      if (rule.action === 'block') return this.block(text, rule.reply ?? '', verdicts)
      if (match.start >= this.settledBytes) text += rule.mask ?? `[masked: ${rule.dimension}]`
      this.settledBytes = Math.max(this.settledBytes, match.end)
    }
    if (this.settledBytes < decidedBytes) text += this.releaseBelow(decidedBytes)
    scanner.forget(Math.min(this.settledBytes, decidedBytes))
    if (text === '' && verdicts.length === 0) return NOTHING
    this.hasReleased ||= text !== ''
    return { text, verdicts, blocked: false }
  }

  private releaseBelow(byte: number): string {
    const text = this.scanner.text.textBetween(this.settledBytes, byte)
    this.settledBytes = byte
    return text
  }

  private block(text: string, reply: string, verdicts: readonly Verdict[]): Released {
    this.isOver = true
    this.isBlocked = true
    const gap = this.hasReleased || text !== '' ? '\n\n' : ''
    return { text: `${text}${gap}${reply}`, verdicts, blocked: true }
  }

  /** Two patterns of one rule may find the same words. */
  private isRepeated(match: Match): boolean {
    const { last } = this
    this.last = match
    return last?.placed === match.placed && last.start === match.start && last.end === match.end
  }

  private judge({ placed, start, end }: Match): Verdict {
    const { policy, rule } = placed
    return {
      policy: policy.id,
      policyHash: policy.hash,
      rule: rule.id,
      dimension: rule.dimension,
      action: rule.action,
      direction: this.direction,
      start,
      end,
    }
  }
}

function compareMatches(left: Match, right: Match): number {
  return (
    left.start - right.start ||
    ACTION_ORDER[left.placed.rule.action] - ACTION_ORDER[right.placed.rule.action] ||
    right.end - left.end ||
    left.placed.order - right.placed.order
  )
}
