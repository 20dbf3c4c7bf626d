import type { LlamaModel, Token } from 'node-llama-cpp'

/** Turns tokens into text as they come; a character that is spread over several tokens is held back until it is whole. */
export interface Decoder {
  push(token: Token): string
  end(): string
}

/** A character has at most four bytes; what is still no text after so many tokens never becomes any. */
const UNFINISHED_TOKENS_MAX = 4
/** As many tokens before as may change how the next one is written. */
const CONTEXT_TOKENS = 8
const UNFINISHED = '\uFFFD'

export function createDecoder(model: Pick<LlamaModel, 'detokenize'>, prompt: readonly Token[]): Decoder {
  let said = prompt.slice(-CONTEXT_TOKENS)
  let unfinished: Token[] = []

  function decode(): string {
    const text = model.detokenize(unfinished, false, said)
    said = [...said, ...unfinished].slice(-CONTEXT_TOKENS)
    unfinished = []
    return text
  }

  return {
    push(token) {
      unfinished.push(token)
      const isOpen = model.detokenize(unfinished, false, said).endsWith(UNFINISHED)
      return isOpen && unfinished.length < UNFINISHED_TOKENS_MAX ? '' : decode()
    },
    end: () => (unfinished.length > 0 ? decode() : ''),
  }
}
