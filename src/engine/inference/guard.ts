import type { Check, TokenStream } from '#engine/tokenwhisper'
import type { Message, Verdict } from '#protocol'

/** The policy as an engine sees it: one check of what goes in, and a gate for what comes out. */
export interface Guard {
  /** SHA-256 over the policies; empty where there is none. */
  readonly hash: string
  check(text: string): Check
  openGate(): TokenStream
}

/** Where the owner has switched the policy off: everything passes, whole characters at a time. */
export function createOpenGuard(): Guard {
  return {
    hash: '',
    check: (text) => ({ action: 'allow', text, reply: undefined, verdicts: [] }),
    openGate() {
      const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
      const release = (text: string) => ({ text, verdicts: [], blocked: false })
      return {
        push: (bytes) => release(decoder.decode(bytes, { stream: true })),
        end: () => release(decoder.decode()),
      }
    },
  }
}

export interface CheckedMessages {
  readonly messages: readonly Message[]
  readonly verdicts: readonly Verdict[]
  /** What to say instead of asking the model at all. */
  readonly reply: string | undefined
}

const WITHHELD = '[withheld by the policy]'

/**
 * Checks what the person says now: their messages after the last answer. What they said earlier was checked when it
 * was new; it loses what may not be handed on, but does not block again, or one sentence would end a thread for
 * good. What the persona and the documents say is not a person's message.
 */
export function checkMessages(guard: Guard, messages: readonly Message[]): CheckedMessages {
  const newFrom = messages.findLastIndex((message) => message.role === 'assistant') + 1
  const verdicts: Verdict[] = []
  const passed: Message[] = []
  for (const [index, message] of messages.entries()) {
    if (message.role !== 'user') {
      passed.push(message)
      continue
    }
    const check = guard.check(message.content)
    const isNew = index >= newFrom
    if (isNew) verdicts.push(...check.verdicts)
    if (isNew && check.action === 'block') return { messages, verdicts, reply: check.reply ?? '' }
    passed.push({ ...message, content: check.action === 'block' ? WITHHELD : check.text })
  }
  return { messages: passed, verdicts, reply: undefined }
}
