import type { SequenceEvaluateOptions, Token } from 'node-llama-cpp'
import type { Sampling } from '#protocol'

/** Used where a request leaves it open: lively, and without the unlikely. */
const DEFAULTS = { temperature: 0.7, topK: 40, topP: 0.95, minP: 0.05 }

/** As many of the last tokens as a penalty on repetition looks at. */
const PENALTY_TOKENS = 64

/** `recent` gives the tokens so far, newest last. */
export function samplingOptions(sampling: Sampling, recent: () => readonly Token[]): SequenceEvaluateOptions {
  const { seed, repeatPenalty, temperature, topK, topP, minP } = sampling
  const options: SequenceEvaluateOptions = {
    temperature: temperature ?? DEFAULTS.temperature,
    topK: topK ?? DEFAULTS.topK,
    topP: topP ?? DEFAULTS.topP,
    minP: minP ?? DEFAULTS.minP,
  }
  if (seed !== undefined) options.seed = seed
  if (repeatPenalty !== undefined && repeatPenalty !== 1) {
    options.repeatPenalty = {
      penalty: repeatPenalty,
      punishTokens: () => recent().slice(-PENALTY_TOKENS),
      maxPunishTokens: PENALTY_TOKENS,
    }
  }
  return options
}
