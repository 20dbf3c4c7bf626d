import { createHash } from 'node:crypto'
import type { Released } from '#engine/tokenwhisper'
import type { CompletionItem, Computation, ModelUsed, Quote, Sampling, Usage, Verdict } from '#protocol'
import type { Guard } from './guard.ts'

type EndReason = Extract<CompletionItem, { kind: 'end' }>['reason']

/** What else is known at the end of an answer. */
interface Made {
  readonly promptTokens: number
  readonly quotes?: readonly Quote[]
  /** Ids of all that the model has made, where it makes any. */
  readonly tokens?: readonly number[]
}

/** Who answers, and everything that decides what it will say. */
export interface Answerer {
  readonly model: ModelUsed
  readonly computation?: Computation
  readonly sampling?: Sampling
}

/** Turns what an engine says into the items of one completion, by way of the policy. */
export interface Answer {
  /** Nothing more may be said: a rule of the policy has ended the answer. */
  readonly isBlocked: boolean
  start(inputVerdicts: readonly Verdict[]): CompletionItem[]
  say(text: string, tokens: number): CompletionItem[]
  end(reason: EndReason, made: Made): CompletionItem[]
  /** Says what stands for an answer where the model is not asked; it is the policy's own text, so it is not checked. */
  refuse(reply: string): CompletionItem[]
}

export function createAnswer(answerer: Answerer, guard: Guard): Answer {
  const startedMs = performance.now()
  const gate = guard.openGate()
  let isBlocked = false
  let firstTokenMs: number | undefined
  let completionTokens = 0
  /** Of text that the gate holds back. */
  let heldTokens = 0
  /** Where each token ends, in bytes of what the model has said. */
  const tokenEnds: number[] = []
  let saidBytes = 0

  function textItem(text: string, tokens: number): CompletionItem {
    firstTokenMs ??= performance.now() - startedMs
    return { kind: 'text', text, tokens }
  }

  function itemsOf(released: Released): CompletionItem[] {
    const items: CompletionItem[] = released.verdicts.map((verdict) => {
      return { kind: 'verdict', verdict: { ...verdict, tokens: tokensOf(verdict, tokenEnds) } }
    })
    if (released.text !== '') {
      items.push(textItem(released.text, heldTokens))
      heldTokens = 0
    }
    isBlocked ||= released.blocked
    return items
  }

  function endItem(reason: EndReason, usage: Usage, { quotes = [], tokens }: Partial<Made>): CompletionItem {
    const totalMs = performance.now() - startedMs
    const digest = tokens && { tokensDigest: digestTokens(tokens) }
    const timings = { firstTokenMs: firstTokenMs ?? totalMs, totalMs }
    return { kind: 'end', reason, usage, quotes: [...quotes], ...digest, ...timings }
  }

  return {
    get isBlocked() {
      return isBlocked
    },
    start(inputVerdicts) {
      const verdicts = inputVerdicts.map((verdict) => ({ kind: 'verdict', verdict }) as const)
      return [{ kind: 'start', ...answerer }, ...verdicts]
    },
    say(text, tokens) {
      completionTokens += tokens
      heldTokens += tokens
      const bytes = Buffer.from(text)
      saidBytes += bytes.length
      if (tokens > 0) tokenEnds[completionTokens - 1] = saidBytes
      return isBlocked ? [] : itemsOf(gate.push(bytes))
    },
    end(reason, made) {
      const items = isBlocked ? [] : itemsOf(gate.end())
      const usage = { promptTokens: made.promptTokens, completionTokens }
      return [...items, endItem(isBlocked ? 'blocked' : reason, usage, made)]
    },
    refuse(reply) {
      const usage = { promptTokens: 0, completionTokens: 0 }
      return [textItem(reply, 0), endItem('blocked', usage, {})]
    },
  }
}

/** The tokens of which some byte lies in what a verdict is about. */
function tokensOf({ start, end }: Verdict, tokenEnds: readonly number[]) {
  const last = Math.max(0, tokenEnds.length - 1)
  const tokenAt = (byte: number) => {
    const index = tokenEnds.findIndex((tokenEnd) => tokenEnd > byte)
    return index === -1 ? last : index
  }
  return { from: tokenAt(start), to: tokenAt(Math.max(start, end - 1)) }
}

function digestTokens(tokens: readonly number[]): string {
  const bytes = Buffer.alloc(tokens.length * 4)
  for (const [index, token] of tokens.entries()) bytes.writeUInt32LE(token, index * 4)
  return createHash('sha256').update(bytes).digest('hex')
}
