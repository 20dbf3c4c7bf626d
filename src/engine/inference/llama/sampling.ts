import { randomInt } from 'node:crypto'
import type { SequenceEvaluateOptions, Token } from 'node-llama-cpp'
import type { Sampling } from '#protocol'

/** Used where a request leaves it open: lively, and without the unlikely. */
const DEFAULTS = { temperature: 0.7, topK: 40, topP: 0.95, minP: 0.05, repeatPenalty: 1, tokensMax: 1_024 }
const SEEDS = 2 ** 32

/** As many of the last tokens as a penalty on repetition looks at. */
const PENALTY_TOKENS = 64

/** Everything that decides which token comes next. What two such say is the same, where they read the same. */
export type WholeSampling = Sampling & Record<keyof typeof DEFAULTS | 'seed', number>

/** Fills in what a request leaves open. The seed is drawn here and not by the engine, so that it can be written down. */
export function wholeSampling(sampling: Sampling): WholeSampling {
  return {
    ...sampling,
    temperature: sampling.temperature ?? DEFAULTS.temperature,
    topK: sampling.topK ?? DEFAULTS.topK,
    topP: sampling.topP ?? DEFAULTS.topP,
    minP: sampling.minP ?? DEFAULTS.minP,
    repeatPenalty: sampling.repeatPenalty ?? DEFAULTS.repeatPenalty,
    tokensMax: sampling.tokensMax ?? DEFAULTS.tokensMax,
    seed: sampling.seed ?? randomInt(SEEDS),
  }
}

/** `recent` gives the tokens so far, newest last. */
export function samplingOptions(
  { seed, repeatPenalty, temperature, topK, topP, minP }: WholeSampling,
  recent: () => readonly Token[],
): SequenceEvaluateOptions {
  const options: SequenceEvaluateOptions = { temperature, topK, topP, minP, seed }
  if (repeatPenalty !== 1) {
    options.repeatPenalty = {
      penalty: repeatPenalty,
      punishTokens: () => recent().slice(-PENALTY_TOKENS),
      maxPunishTokens: PENALTY_TOKENS,
    }
  }
  return options
}
