import type { CompiledPolicy } from './compile.ts'
import { createTokenStream } from './stream.ts'
import type { Action, Check, Direction } from './verdict.ts'

const STERNER: readonly Action[] = ['block', 'mask', 'allow']

/** Judges a whole text that goes to a model, such as a person's message. */
export function checkInput(policy: CompiledPolicy, text: string): Check {
  return checkText(policy, text, 'input')
}

export function checkText(policy: CompiledPolicy, text: string, direction: Direction): Check {
  const stream = createTokenStream(policy, direction)
  const pushed = stream.push(Buffer.from(text))
  const ended = stream.end()
  const verdicts = [...pushed.verdicts, ...ended.verdicts]
  const action = STERNER.find((name) => verdicts.some((verdict) => verdict.action === name)) ?? 'allow'
  if (action !== 'block') return { action, text: pushed.text + ended.text, reply: undefined, verdicts }
  const blocking = verdicts.at(-1)
  const owner = policy.policies.find(({ id }) => id === blocking?.policy)
  const rule = owner?.rules.find(({ id }) => id === blocking?.rule)
  return { action, text: '', reply: rule?.reply ?? '', verdicts }
}
