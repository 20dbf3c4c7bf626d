import type { Released } from '#engine/tokenwhisper'
import type { CompletionItem, ModelUsed, Quote, Usage, Verdict } from '#protocol'
import type { Guard } from './guard.ts'

type EndReason = Extract<CompletionItem, { kind: 'end' }>['reason']

/** Turns what an engine says into the items of one completion, by way of the policy. */
export interface Answer {
  /** Nothing more may be said: a rule of the policy has ended the answer. */
  readonly isBlocked: boolean
  start(inputVerdicts: readonly Verdict[]): CompletionItem[]
  say(text: string, tokens: number): CompletionItem[]
  end(reason: EndReason, promptTokens: number, quotes?: readonly Quote[]): CompletionItem[]
  /** Says what stands for an answer where the model is not asked; it is the policy's own text, so it is not checked. */
  refuse(reply: string): CompletionItem[]
}

export function createAnswer(model: ModelUsed, guard: Guard): Answer {
  const startedMs = performance.now()
  const gate = guard.openGate()
  let isBlocked = false
  let firstTokenMs: number | undefined
  let completionTokens = 0
  /** Of text that the gate holds back. */
  let heldTokens = 0

  function textItem(text: string, tokens: number): CompletionItem {
    firstTokenMs ??= performance.now() - startedMs
    return { kind: 'text', text, tokens }
  }

  function itemsOf(released: Released): CompletionItem[] {
    const items: CompletionItem[] = released.verdicts.map((verdict) => ({ kind: 'verdict', verdict }))
    if (released.text !== '') {
      items.push(textItem(released.text, heldTokens))
      heldTokens = 0
    }
    isBlocked ||= released.blocked
    return items
  }

  function endItem(reason: EndReason, usage: Usage, quotes: readonly Quote[]): CompletionItem {
    const totalMs = performance.now() - startedMs
    return { kind: 'end', reason, usage, quotes: [...quotes], firstTokenMs: firstTokenMs ?? totalMs, totalMs }
  }

  return {
    get isBlocked() {
      return isBlocked
    },
    start(inputVerdicts) {
      const verdicts = inputVerdicts.map((verdict) => ({ kind: 'verdict', verdict }) as const)
      return [{ kind: 'start', model }, ...verdicts]
    },
    say(text, tokens) {
      completionTokens += tokens
      heldTokens += tokens
      return isBlocked ? [] : itemsOf(gate.push(Buffer.from(text)))
    },
    end(reason, promptTokens, quotes = []) {
      const items = isBlocked ? [] : itemsOf(gate.end())
      const usage = { promptTokens, completionTokens }
      return [...items, endItem(isBlocked ? 'blocked' : reason, usage, quotes)]
    },
    refuse(reply) {
      const usage = { promptTokens: 0, completionTokens: 0 }
      return [textItem(reply, 0), endItem('blocked', usage, [])]
    },
  }
}
