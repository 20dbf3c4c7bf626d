import type { Dimension, Level, Manner, Mode } from '#protocol'

/** What a message asks for, in words, about how to be spoken to. */
export type Wish =
  | { readonly kind: 'level'; readonly dimension: Dimension; readonly level: Level }
  | { readonly kind: 'step'; readonly dimension: Dimension; readonly by: 1 | -1 }
  | { readonly kind: 'mode'; readonly mode: Mode }

/** A longer message is about something else. */
const MESSAGE_LENGTH_MAX = 160

const ANSWERS = '(?:your |the |my )?(?:answers?|replies|reply|responses?|explanations?)'
const A_BIT = '(?:a bit |a little |a little bit |somewhat |slightly |even )?'
const MUCH = '(?:much |way |far |a lot )'
const BE = `(?:(?:be|keep it|keep ${ANSWERS}|make ${ANSWERS}|answer|reply|respond|speak|talk|write) )`
const NO = '(?:no more |no |without |without any |stop (?:using |with )?(?:the )?|skip the |avoid |drop the )'
const DO_NOT = '(?:do not |never |stop )'
const USE = '(?:use |with |give me |i want |write in |answer in )'

/** Patterns of a whole clause, in lower case, without politeness. The first that fits counts. */
const PATTERNS: readonly (readonly [RegExp, Wish])[] = [
  [`${BE}?${MUCH}shorter(?: ${ANSWERS})?`, level('length', 'very-short')],
  [
    `${BE}?(?:very short|one.sentence) ${ANSWERS}|${BE}(?:very short|very brief|in one sentence)`,
    level('length', 'very-short'),
  ],
  [
    `${BE}?${A_BIT}(?:shorter|briefer|less (?:long|wordy|verbose))(?: ${ANSWERS})?|less (?:text|detail)`,
    step('length', -1),
  ],
  [`${BE}(?:short|brief|concise)|${BE}?(?:short|brief|concise) ${ANSWERS}`, level('length', 'short')],
  [
    `${BE}?${A_BIT}(?:longer|more detailed)(?: ${ANSWERS})?|(?:some |${A_BIT})?more details?`,
    step('length', 1),
  ],
  [`${BE}?(?:long|detailed) ${ANSWERS}|${BE}(?:detailed|in detail)`, level('length', 'detailed')],
  [`${USE}?(?:plain|simple|simpler|plainer|easier|easy) (?:words|language|english)`, level('words', 'plain')],
  [`${NO}jargon|${BE}in (?:plain|simple|simpler) (?:words|language|english)`, level('words', 'plain')],
  [`${USE}(?:technical|exact|proper) (?:terms|words|language)|${BE}more technical`, step('words', 1)],
  [
    `${NO}(?:lists|bullet points|bullets|numbered lists)|${USE}(?:prose|full sentences)`,
    level('structure', 'prose'),
  ],
  [`${USE}?(?:bullet points|numbered steps|numbered lists)|${USE}lists`, level('structure', 'steps')],
  [
    `(?:answer first|the answer first|${BE}(?:more )?(?:direct|to the point)|get to the point)`,
    level('directness', 'answer-first'),
  ],
  [`${BE}(?:more gentle|gentler|gentle)|less direct`, level('directness', 'gentle')],
  [`${BE}?(?:warmer|kinder|friendlier|more friendly|more warm)`, level('tone', 'warm')],
  [
    `${BE}(?:matter of fact|sober|neutral)|${NO}(?:flattery|flattering|praise|compliments)`,
    level('tone', 'matter-of-fact'),
  ],
  [`${DO_NOT}(?:flatter|praise)(?:ing)?(?: me)?`, level('tone', 'matter-of-fact')],
  [`${BE}?${A_BIT}more formal|${BE}?${A_BIT}less casual`, step('formality', 1)],
  [`${BE}?${A_BIT}(?:less formal|more casual)`, step('formality', -1)],
  [
    `${NO}(?:jokes|joke|joking|humou?r|puns)|${DO_NOT}(?:joke|joking|be funny|make jokes|making jokes)`,
    level('humour', 'none'),
  ],
  [`less (?:humou?r|jokes)|fewer jokes|${BE}(?:serious|more serious)`, level('humour', 'none')],
  [
    `(?:some|a few|more) jokes|more humou?r|${BE}(?:funny|funnier)|you (?:can|may) (?:joke|make jokes)`,
    level('humour', 'some'),
  ],
  [`${NO}(?:emoji|emojis|smileys|emoticons)|${DO_NOT}use (?:emoji|emojis|smileys)`, level('emoji', 'none')],
  [`(?:use )?(?:some |a few |more )emojis?|use emojis?|you (?:can|may) use emojis?`, level('emoji', 'some')],
  [
    `(?:${A_BIT}slower|slow down|go slower|go slowly|(?:go )?(?:only )?one (?:step|thing) at a time)`,
    level('pace', 'one-step'),
  ],
  [`(?:everything|all) at once|all in one answer`, level('pace', 'all-at-once')],
  [`(?:ask )?(?:me )?(?:only |just )?one question at a time`, level('questions', 'one')],
  [
    `${NO}(?:more )?(?:questions|asking (?:me )?questions)|${DO_NOT}ask(?:ing)?(?: me)? (?:any )?questions`,
    level('questions', 'none'),
  ],
  [
    `${NO}(?:idioms|irony|sarcasm|metaphors|figures of speech)|${BE}(?:more )?literal(?:ly)?`,
    level('literalness', 'literal'),
  ],
  [`(?:use |switch to |go to |turn on )?focus mode`, { kind: 'mode', mode: 'focus' } as const],
  [`(?:use |switch to |go to |turn on )?low.stimulus mode`, { kind: 'mode', mode: 'low-stimulus' } as const],
  [`(?:use |switch to |go to |turn on )?playful mode`, { kind: 'mode', mode: 'playful' } as const],
  [
    `(?:use |switch to |go to |back to )?(?:the )?(?:default|normal) mode`,
    { kind: 'mode', mode: 'default' } as const,
  ],
].map(([pattern, wish]) => [new RegExp(`^(?:${pattern})$`), wish] as [RegExp, Wish])

/** It is meant to stay, so that it may stand beside something else. */
const STANDING =
  /^(?:from now on|in (?:the )?future|going forward|always)[ ,:]+|[ ,]+(?:from now on|in (?:the )?future|going forward)$/
const CLAUSE_END = /[.!;\n]+|,(?! (?:please|pls|thanks|from now on|in future|going forward))|\band\b/
const POLITE_BEFORE =
  /^(?:(?:ok|okay|hi|hello|hey|thanks|thank you|sorry|but|and|also|now|well|no|please|pls|kindly|just|(?:can|could|would|will) you|i would like(?: you to)?|i'd like(?: you to)?|i prefer|i want you to|try to|give me|let us have) )+/
const POLITE_AFTER = /(?: (?:please|pls|thanks|thank you|if possible|if you can|next time))+$/
/** What is left of a clause that is nothing but politeness. */
const EMPTY = /^(?:no|yes|ok|okay|hi|hello|hey|thanks|thank you|sorry|please|pls|runa)?$/

/**
 * What a message asks for about the manner of answers. Only a clause that says nothing else counts, and only in a
 * message that says nothing else, or where it says that it is meant to stay: `Write a shorter version of this` is a
 * task, and `Shorter, please: what is a quay?` goes to the model as it is. In English; the last word counts.
 */
export function findWishes(message: string): Wish[] {
  if (message.length > MESSAGE_LENGTH_MAX || /["“”`]/.test(message)) return []
  const clauses = spelled(message)
    .split(CLAUSE_END)
    .map((clause) => clause.trim())
    .filter((clause) => !EMPTY.test(clause))
  const read = clauses.map(readClause)
  const alone = read.every(({ wish }) => wish !== undefined)
  const wishes = read.flatMap(({ wish, stands }) => (wish && (alone || stands) ? [wish] : []))
  return wishes.filter((wish, index) => !wishes.slice(index + 1).some((later) => aboutTheSame(wish, later)))
}

function spelled(message: string): string {
  const text = message.toLowerCase().replaceAll('’', "'")
  return text
    .replaceAll("don't", 'do not')
    .replaceAll("let's", 'let us')
    .replace(/\b(from now on|in (?:the )?future|going forward),/g, '$1')
}

function readClause(clause: string): { wish: Wish | undefined; stands: boolean } {
  const stands = STANDING.test(clause)
  const asked = clause.replace(STANDING, '').replaceAll(',', ' ').replace(/\s+/g, ' ').trim()
  const isPoliteQuestion = /^(?:please )?(?:can|could|would|will) you .*\?$/.test(asked)
  const bare = isPoliteQuestion ? asked.slice(0, -1).trim() : asked
  const variants = [bare, bare.replace(POLITE_AFTER, ''), stripped(bare)]
  const wish = PATTERNS.find(([pattern]) => variants.some((variant) => pattern.test(variant)))?.[1]
  return { wish, stands }
}

function stripped(clause: string): string {
  return clause.replace(POLITE_BEFORE, '').replace(POLITE_AFTER, '').trim()
}

function aboutTheSame(one: Wish, other: Wish): boolean {
  if (one.kind === 'mode' || other.kind === 'mode') return one.kind === other.kind
  return one.dimension === other.dimension
}

function level<D extends Dimension>(dimension: D, wanted: Manner[D]): Wish {
  return { kind: 'level', dimension, level: wanted }
}

function step(dimension: Dimension, by: 1 | -1): Wish {
  return { kind: 'step', dimension, by }
}
