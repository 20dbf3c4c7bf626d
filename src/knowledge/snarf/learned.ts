import type { DayCounts, Dimension, Level } from '#protocol'
import { type Estimate, estimate, type Prior, type Sample } from './change-point.ts'

/** What counts say about one dimension. */
export interface Learned {
  readonly dimension: Dimension
  readonly level: Level
  readonly reason: string
}

/** One thing that is counted, as the average of a day. */
interface Feature {
  readonly mean: (day: DayCounts) => number
  readonly prior: Prior
  /** How much of ten messages of one day is the person: `npm run eval -- snarf`, between days that lie months apart. */
  readonly reliabilityADay: number
}

const MESSAGES_A_DAY = 10
/** Below this nothing is inferred. */
const RELIABILITY_MIN = 0.7
const DAYS_MIN = 3

// The priors are wide: they only say how much one day may weigh.
const LOG_WORDS: Feature = {
  mean: ({ logWords, messages }) => logWords / messages,
  prior: { mean: Math.log(1 + 10), variance: 0.6 ** 2 },
  reliabilityADay: 0.22,
}
const CAPITALS: Feature = {
  mean: ({ capitals, messages }) => capitals / messages,
  prior: { mean: 0.5, variance: 0.35 ** 2 },
  reliabilityADay: 0.56,
}
const ENDED: Feature = {
  mean: ({ ended, messages }) => ended / messages,
  prior: { mean: 0.5, variance: 0.35 ** 2 },
  reliabilityADay: 0.53,
}

const FEW_WORDS = 5
const MANY_WORDS = 30
const SELDOM = 0.15
const MOSTLY = 0.85

/** The only dimensions that are ever inferred. Each moves by one step of its scale, never to an end that surprises. */
const FEATURES: Readonly<Partial<Record<Dimension, readonly Feature[]>>> = {
  length: [LOG_WORDS],
  formality: [CAPITALS, ENDED],
}

/**
 * What can be told from the counts, oldest day first. How somebody writes is not how they want to be answered: this
 * is a guess, it yields to anything that was said, and after a change of habit it is taken back until it is sure again.
 */
export function learn(days: readonly DayCounts[]): Learned[] {
  return [...learnLength(days), ...learnFormality(days)]
}

/** The days that a level of this dimension rests on, or would rest on. */
export function evidenceFor(dimension: Dimension, days: readonly DayCounts[]): readonly DayCounts[] {
  const runs = FEATURES[dimension]?.map((feature) => estimateFeature(feature, days).run) ?? [0]
  const run = Math.min(...runs)
  return run === 0 ? [] : days.slice(-run)
}

function learnLength(days: readonly DayCounts[]): Learned[] {
  const words = estimateFeature(LOG_WORDS, days)
  if (!isSure(words)) return []
  const average = Math.exp(words.mean) - 1
  const level = average < FEW_WORDS ? 'short' : average > MANY_WORDS ? 'detailed' : undefined
  if (level === undefined) return []
  const said = `You mostly write ${level === 'short' ? 'fewer than' : 'more than'} ${level === 'short' ? FEW_WORDS : MANY_WORDS} words`
  return [{ dimension: 'length', level, reason: `${said} (${countedIn(days.slice(-words.run))}).` }]
}

function learnFormality(days: readonly DayCounts[]): Learned[] {
  const features = [CAPITALS, ENDED].map((feature) => estimateFeature(feature, days))
  if (!features.every(isSure)) return []
  const level = features.every(({ mean }) => mean < SELDOM)
    ? 'casual'
    : features.every(({ mean }) => mean > MOSTLY)
      ? 'formal'
      : undefined
  if (level === undefined) return []
  const said = `You ${level === 'casual' ? 'seldom' : 'mostly'} write capitals and full stops`
  const run = Math.min(...features.map((feature) => feature.run))
  return [{ dimension: 'formality', level, reason: `${said} (${countedIn(days.slice(-run))}).` }]
}

function isSure({ reliability, run }: Estimate): boolean {
  return run >= DAYS_MIN && reliability >= RELIABILITY_MIN
}

function estimateFeature({ mean, prior, reliabilityADay }: Feature, days: readonly DayCounts[]): Estimate {
  const noise = (prior.variance * (1 - reliabilityADay)) / reliabilityADay
  const samples = days.map((day): Sample => {
    // More messages of one day are still one day: its mood stays in them.
    const weight = Math.min(day.messages, MESSAGES_A_DAY) / MESSAGES_A_DAY
    return { value: mean(day), variance: noise / weight }
  })
  return estimate(samples, prior)
}

function countedIn(days: readonly DayCounts[]): string {
  const messages = days.reduce((sum, day) => sum + day.messages, 0)
  return `${messages} messages on ${days.length} days`
}
