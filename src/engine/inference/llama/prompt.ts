import type { ChatHistoryItem, ChatWrapper, LlamaModel, Token } from 'node-llama-cpp'
import type { Message } from '#protocol'

export interface Prompt {
  readonly tokens: Token[]
  /** Besides the model's own end of generation. */
  readonly stopTokens: ReadonlySet<Token>
  readonly stopTexts: readonly string[]
  /** The first word of an answer is not to begin with a space; that of a story that goes on may. */
  readonly trimsStart: boolean
}

/**
 * A conversation as the model was taught to read it. `wrapper` is undefined for a model without a chat template: it
 * goes on from the last thing that the person said, as a story does.
 */
export function composePrompt(
  model: LlamaModel,
  wrapper: ChatWrapper | undefined,
  messages: readonly Message[],
): Prompt {
  if (!wrapper) {
    const text = messages.findLast((message) => message.role === 'user')?.content ?? ''
    const tokens = withBeginning(model, model.tokenize(text))
    return { tokens, stopTokens: new Set(), stopTexts: [], trimsStart: false }
  }
  const { contextText, stopGenerationTriggers } = wrapper.generateContextState({
    chatHistory: historyOf(messages),
  })
  const stopTokens = new Set<Token>()
  const stopTexts: string[] = []
  for (const trigger of stopGenerationTriggers) {
    const [first] = trigger.tokenize(model.tokenizer)
    if (first !== undefined && model.isSpecialToken(first)) stopTokens.add(first)
    else if (trigger.toString() !== '') stopTexts.push(trigger.toString())
  }
  const tokens = withBeginning(model, contextText.tokenize(model.tokenizer))
  return { tokens, stopTokens, stopTexts, trimsStart: true }
}

function withBeginning(model: LlamaModel, tokens: Token[]): Token[] {
  const { bos, shouldPrependBosToken } = model.tokens
  return shouldPrependBosToken && bos !== null && tokens[0] !== bos ? [bos, ...tokens] : tokens
}

function historyOf(messages: readonly Message[]): ChatHistoryItem[] {
  const history = messages.map(
    ({ role, content }): ChatHistoryItem =>
      role === 'assistant' ? { type: 'model', response: [content] } : { type: role, text: content },
  )
  // A model is asked to go on where the history ends with its own words, and to begin otherwise.
  if (history.at(-1)?.type !== 'model') history.push({ type: 'model', response: [''] })
  return history
}
