import type { LlamaModel, Token } from 'node-llama-cpp'

/** Turns tokens into text as they come; a character that is spread over several tokens is held back until it is whole. */
export interface Decoder {
  push(token: Token): string
  end(): string
}

/** A character has at most four bytes; what is still no text after so many tokens never becomes any. */
const UNFINISHED_TOKENS_MAX = 4
/** Tokens are written in the light of those before them: a word that begins a text has no space in front. */
const WINDOW_TOKENS_MIN = 4
const WINDOW_TOKENS_MAX = 24
const UNFINISHED = '\uFFFD'

export function createDecoder(model: Pick<LlamaModel, 'detokenize'>, prompt: readonly Token[]): Decoder {
  // The window grows and is cut now and then, so that most tokens cost one call of the engine.
  let window = prompt.slice(-WINDOW_TOKENS_MIN)
  let windowText = model.detokenize(window)
  let unfinished: Token[] = []

  function decode(mayBeOpen: boolean): string {
    const whole = model.detokenize([...window, ...unfinished])
    const text = whole.startsWith(windowText) ? whole.slice(windowText.length) : model.detokenize(unfinished)
    if (mayBeOpen && text.endsWith(UNFINISHED) && unfinished.length < UNFINISHED_TOKENS_MAX) return ''
    window.push(...unfinished)
    windowText = whole
    unfinished = []
    if (window.length > WINDOW_TOKENS_MAX) {
      window = window.slice(-WINDOW_TOKENS_MIN)
      windowText = model.detokenize(window)
    }
    return text
  }

  return {
    push(token) {
      unfinished.push(token)
      return decode(true)
    },
    end: () => (unfinished.length > 0 ? decode(false) : ''),
  }
}
