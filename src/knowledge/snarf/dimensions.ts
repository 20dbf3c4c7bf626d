import type { Dimension, Level, Manner } from '#protocol'

export interface LevelWords {
  /** For the person. */
  readonly means: string
  /** For the model. Empty where the persona decides. */
  readonly instruction: string
}

type Words = {
  readonly [D in Dimension]: {
    readonly asks: string
    readonly levels: Readonly<Record<Manner[D], LevelWords>>
  }
}

const USUAL: LevelWords = { means: 'As the persona does.', instruction: '' }

/** Each dimension as a question, and each of its levels in words for the person and for the model. */
const WORDS: Words = {
  length: {
    asks: 'How long is an answer?',
    levels: {
      'very-short': { means: 'One or two sentences.', instruction: 'Answer in one or two sentences.' },
      short: {
        means: 'A few sentences.',
        instruction: 'Keep the answer to a few sentences. Leave out what was not asked for.',
      },
      usual: USUAL,
      detailed: {
        means: 'In detail, with reasons and examples.',
        instruction: 'Answer in detail. Give reasons, and an example where one helps.',
      },
    },
  },
  words: {
    asks: 'Which words?',
    levels: {
      plain: {
        means: 'Common words; a new word is explained.',
        instruction: 'Use common words. Say what a technical word means when you first use it.',
      },
      usual: USUAL,
      technical: {
        means: 'The terms of the field, without explaining them.',
        instruction: 'Use the exact terms of the field. Do not explain basic ones.',
      },
    },
  },
  structure: {
    asks: 'In what form?',
    levels: {
      prose: {
        means: 'In sentences, without lists.',
        instruction: 'Write in sentences and paragraphs. Use no lists.',
      },
      usual: USUAL,
      steps: {
        means: 'In lists and numbered steps.',
        instruction:
          'Use numbered steps for what happens in order, and lists for several things of one kind.',
      },
    },
  },
  directness: {
    asks: 'How does an answer begin?',
    levels: {
      gentle: {
        means: 'It prepares you for what is unwelcome.',
        instruction: 'Lead up gently to what may be unwelcome. Still say it clearly.',
      },
      usual: USUAL,
      'answer-first': {
        means: 'With the answer itself.',
        instruction: 'Give the answer in the first sentence. Then explain, if an explanation helps.',
      },
    },
  },
  tone: {
    asks: 'How does it sound?',
    levels: {
      'matter-of-fact': {
        means: 'Sober: no praise, no sympathy.',
        instruction: 'Be matter-of-fact. Do not praise, and do not speak about feelings unless asked.',
      },
      usual: USUAL,
      warm: { means: 'Friendly and kind.', instruction: 'Be friendly and kind. Do not flatter.' },
    },
  },
  formality: {
    asks: 'How formal is it?',
    levels: {
      casual: { means: 'As one talks with a friend.', instruction: 'Speak casually.' },
      usual: USUAL,
      formal: { means: 'As in a letter to an office.', instruction: 'Speak formally and politely.' },
    },
  },
  humour: {
    asks: 'Are there jokes?',
    levels: {
      none: { means: 'No jokes.', instruction: 'Make no jokes.' },
      usual: USUAL,
      some: {
        means: 'A light joke where it fits.',
        instruction: 'A light joke is welcome where it fits. Never about the person.',
      },
    },
  },
  emoji: {
    asks: 'Are there emoji?',
    levels: {
      none: { means: 'No emoji.', instruction: 'Use no emoji.' },
      usual: USUAL,
      some: { means: 'Some emoji.', instruction: 'A few emoji are welcome.' },
    },
  },
  pace: {
    asks: 'How much comes at once?',
    levels: {
      'one-step': {
        means: 'One step, and then it waits.',
        instruction: 'Give one step or one idea, then wait for the person to go on.',
      },
      usual: USUAL,
      'all-at-once': {
        means: 'Everything in one answer.',
        instruction: 'Give everything that is needed in one answer.',
      },
    },
  },
  questions: {
    asks: 'Does it ask you questions?',
    levels: {
      none: {
        means: 'No questions.',
        instruction: 'Ask no questions. Where something is unclear, say how you understood it.',
      },
      one: { means: 'One question at a time.', instruction: 'Ask at most one question in an answer.' },
      usual: USUAL,
    },
  },
  literalness: {
    asks: 'Are words meant as they are said?',
    levels: {
      literal: {
        means: 'Yes: no idioms, no irony.',
        instruction: 'Mean each word as it is said. Use no idioms, no irony and no rhetorical questions.',
      },
      usual: USUAL,
    },
  },
}

export function asksOf(dimension: Dimension): string {
  return WORDS[dimension].asks
}

/** From less to more. */
export function scaleOf(dimension: Dimension): [Level, LevelWords][] {
  return Object.entries(WORDS[dimension].levels) as [Level, LevelWords][]
}

export function wordsOf(dimension: Dimension, level: Level): LevelWords {
  return scaleOf(dimension).find(([name]) => name === level)?.[1] ?? USUAL
}

/** The neighbour on the scale, or the level itself at its end. */
export function stepFrom(dimension: Dimension, level: Level, by: 1 | -1): Level {
  const levels = scaleOf(dimension).map(([name]) => name)
  return levels[levels.indexOf(level) + by] ?? level
}
