import type { Manner, Mode } from '#protocol'

interface ModeWords {
  readonly manner: Partial<Manner>
  /** What no dimension says. */
  readonly instruction: string
  readonly temperature?: number
}

/** What a person chooses for a while, when they choose it. No mode is ever chosen for them. */
export const MODES: Readonly<Record<Mode, ModeWords>> = {
  default: { manner: {}, instruction: '' },
  focus: {
    manner: { directness: 'answer-first', structure: 'steps', humour: 'none', emoji: 'none' },
    instruction: '',
    temperature: 0.4,
  },
  // After W3C's notes on cognitive accessibility and advice of the National Autistic Society.
  'low-stimulus': {
    manner: {
      length: 'short',
      words: 'plain',
      humour: 'none',
      emoji: 'none',
      pace: 'one-step',
      questions: 'one',
      literalness: 'literal',
    },
    instruction: 'Keep each sentence to at most twelve words, and each paragraph to one idea.',
    temperature: 0.4,
  },
  playful: { manner: { humour: 'some', tone: 'warm' }, instruction: '', temperature: 0.9 },
}

/** Goes before everything a person has set, while they may be in danger. It only ever takes away what could hurt. */
export const CRISIS: Partial<Manner> = {
  humour: 'none',
  emoji: 'none',
  words: 'plain',
  literalness: 'literal',
  questions: 'one',
}
