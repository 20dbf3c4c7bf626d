import type { Verdict } from '#protocol'

/** Which way a text goes: from a person to a model, or from a model to a person. */
export type Direction = Verdict['direction']

/**
 * What is done about a match. `allow` makes an exception: whatever lies wholly inside its match passes. `mask`
 * replaces the match. `block` ends the text and says the reply of the rule instead.
 */
export type Action = 'allow' | 'mask' | 'block'

/** What a stream lets out after a push. */
export interface Released {
  /** Whole characters, masks and, if it was blocked just now, the reply; often empty, since text is held back. */
  readonly text: string
  readonly verdicts: readonly Verdict[]
  /** The stream is over: stop the model. Nothing will be released any more. */
  readonly blocked: boolean
}

/** The gate between a model and whoever reads it. One for each text; it is not reused. */
export interface TokenStream {
  /** Takes the next bytes of the text, cut anywhere, also inside a character. They are copied. */
  push(bytes: Uint8Array): Released
  /** The text is complete: decides whatever was still open, and releases the rest. */
  end(): Released
}

/** What to do with a whole text, such as a person's message. */
export interface Check {
  /** The strongest action that was taken. */
  readonly action: Action
  /** What may be handed on: the text with its masks, or nothing where it was blocked. */
  readonly text: string
  /** What to answer instead, where it was blocked. */
  readonly reply: string | undefined
  readonly verdicts: readonly Verdict[]
}
