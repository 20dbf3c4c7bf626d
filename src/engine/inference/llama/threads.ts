import { availableParallelism } from 'node:os'
import type { LlamaModel, Token } from 'node-llama-cpp'

/** More threads must earn their place by this much: on a busy machine the gain is soon a loss. */
const GAIN_MIN = 1.15
const PROMPT_TOKENS = 16
const MEASURED_TOKENS = 6

/** One core stays free for everything else: a thread that is taken off its core holds up all others. */
export function threadsMax(wanted: number, cores: number = availableParallelism()): number {
  const most = Math.max(1, cores - 1)
  return wanted === 0 ? most : Math.min(wanted, most)
}

/** Doubles the threads for as long as that makes the model faster here and now. `measureMs` measures a short run. */
export async function chooseThreads(
  most: number,
  measureMs: (threads: number) => Promise<number>,
): Promise<number> {
  if (most === 1) return 1
  let chosen = 1
  let chosenMs = await measureMs(1)
  while (chosen < most) {
    const candidate = Math.min(most, chosen * 2)
    const candidateMs = await measureMs(candidate)
    if (candidateMs * GAIN_MIN > chosenMs) break
    chosen = candidate
    chosenMs = candidateMs
  }
  return chosen
}

/** How long a few tokens take, in a small context that is given back afterwards. */
export async function measureThreads(model: LlamaModel, threads: number): Promise<number> {
  const context = await model.createContext({ contextSize: 256, batchSize: 32, threads })
  try {
    const sequence = context.getSequence()
    const token = model.tokens.bos ?? (0 as Token)
    const prompt: Token[] = Array.from({ length: PROMPT_TOKENS }, () => token)
    const startedMs = performance.now()
    let count = 0
    for await (const _ of sequence.evaluate(prompt, { temperature: 0, yieldEogToken: true })) {
      count += 1
      if (count === MEASURED_TOKENS) break
    }
    return performance.now() - startedMs
  } finally {
    await context.dispose()
  }
}
