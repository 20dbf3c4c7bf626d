import type { AnswerRecord } from '#protocol'

/** What was said before, in a thread of its own. */
export const EARLIER = '01890a5d-ac96-774b-bcce-b302099a8001'
export const THREAD = '01890a5d-ac96-774b-bcce-b302099a8002'

/** An answer of a local model that read one passage. */
export const RECORD: AnswerRecord = {
  ...{ id: '01890a5d-ac96-774b-bcce-b302099a8057', thread: THREAD, at: Date.UTC(2026, 0, 2, 10, 30) },
  ...{ question: 'Do whales dive?', answer: 'They do [1].', reason: 'stop', persona: 'default' },
  citations: [],
  notices: [],
  passages: [
    {
      ...{ number: 1, topic: 'sea', document: 'whales.md', start: 7, end: 19, title: 'Whales', score: 1 },
      ...{ text: 'Whales dive.', digest: 'aa' },
    },
  ],
  prompt: [
    { origin: 'persona default', role: 'system', text: 'Be kind.', said: [] },
    { origin: 'question', role: 'user', text: 'Do whales dive?', said: [] },
  ],
  memory: { asked: false, used: [] },
  manner: { mode: 'default', settings: [] },
  model: { id: 'small', engine: 'llama', digest: 'd'.repeat(64) },
  computation: {
    ...{ build: 'engine 1', cpu: 'x64 haswell', gpu: '', threads: 1, contextTokens: 256 },
    policy: 'p'.repeat(64),
  },
  sampling: { temperature: 0.7, seed: 42, tokensMax: 1_024 },
  usage: { promptTokens: 30, completionTokens: 4 },
  tokensDigest: 't'.repeat(64),
  verdicts: [],
  timings: { searchMs: 12, recallMs: 0, mannerMs: 3, firstTokenMs: 40, totalMs: 1_500 },
}
