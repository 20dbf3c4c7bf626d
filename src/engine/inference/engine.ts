import type { CompletionItem, CompletionRequest, ModelUsed } from '#protocol'

interface Capabilities {
  readonly complete: boolean
  readonly embed: boolean
  /**
   * When a policy sees a token. `pre-commit`: before it becomes part of what the model goes on from. `post-hoc`: the
   * model has gone on already; what was said can only be kept back, never steered.
   */
  readonly tokenHook: 'pre-commit' | 'post-hoc'
}

export interface Embedded {
  /** Names the model and its very bits. */
  readonly model: string
  /** Unit length. */
  readonly vectors: number[][]
  readonly tokens: number
}

/** One model, wherever it runs. Whatever leaves `complete` has passed the policy. */
export interface Engine {
  readonly model: ModelUsed
  readonly capabilities: Capabilities
  /** How much memory of this machine it takes once it is loaded, in bytes. */
  estimate(): number
  /** Resolves once it can answer. Rejects with MODEL_FAILED, MODEL_GONE or MODEL_TOO_LARGE. Safe to call again. */
  load(): Promise<void>
  /** Ends at once when the signal fires. Items are those of the contract: one `start`, then text, then one `end`. */
  complete(request: CompletionRequest, signal: AbortSignal): AsyncIterable<CompletionItem>
  embed(texts: readonly string[], signal: AbortSignal): Promise<Embedded>
  /** Gives the memory back. The engine may be loaded again. */
  unload(): Promise<void>
}
