import * as z from 'zod'
import { defineContract, sensitive } from '../contract.ts'
import { QUESTION_LENGTH_MAX } from './completion.ts'

const count = z.number().int().nonnegative()

/**
 * How a person likes to be spoken to. This list is closed, and each scale is too: there is no place in it for health,
 * origin, belief or a judgement about somebody. Each runs from less to more; `usual` leaves it to the persona.
 */
export const mannerSchema = z.strictObject({
  length: z.enum(['very-short', 'short', 'usual', 'detailed']),
  words: z.enum(['plain', 'usual', 'technical']),
  structure: z.enum(['prose', 'usual', 'steps']),
  directness: z.enum(['gentle', 'usual', 'answer-first']),
  tone: z.enum(['matter-of-fact', 'usual', 'warm']),
  formality: z.enum(['casual', 'usual', 'formal']),
  humour: z.enum(['none', 'usual', 'some']),
  emoji: z.enum(['none', 'usual', 'some']),
  pace: z.enum(['one-step', 'usual', 'all-at-once']),
  questions: z.enum(['none', 'one', 'usual']),
  literalness: z.enum(['literal', 'usual']),
})
export type Manner = z.infer<typeof mannerSchema>

export const dimensionSchema = mannerSchema.keyof()
export type Dimension = z.infer<typeof dimensionSchema>
/** A step of some scale. Which scale has it, `mannerSchema` knows. */
export type Level = Manner[Dimension]

export const modeSchema = z.enum(['default', 'focus', 'low-stimulus', 'playful'])
export type Mode = z.infer<typeof modeSchema>

/** `settings`: what the person says and sets is kept. `learning`: counts about their messages are, too. */
export const agreementSchema = z.enum(['nothing', 'settings', 'learning'])
export type Agreement = z.infer<typeof agreementSchema>

/** What a level rests on, the strongest first. */
export const settingSourceSchema = z.enum(['safety', 'explicit', 'mode', 'inferred', 'default'])
export type SettingSource = z.infer<typeof settingSourceSchema>

const levelSchema = z.enum([
  ...new Set(Object.values(mannerSchema.shape).flatMap((scale): Level[] => [...scale.options])),
] as [Level, ...Level[]])

export const settingSchema = z.object({
  dimension: dimensionSchema,
  level: levelSchema,
  source: settingSourceSchema,
  /** A sentence. How somebody likes to be spoken to is nobody else's business, though it holds none of their words. */
  reason: sensitive(z.string()),
  /** Since when it holds, in whole days since 1970, in UTC; and the turn in which the person asked for it. */
  day: count.optional(),
  turn: z.uuid().optional(),
  locked: z.boolean(),
})
export type Setting = z.infer<typeof settingSchema>

/** Counts about the messages of one day, and nothing of what they said. */
export const dayCountsSchema = z.strictObject({
  /** Whole days since 1970, in UTC. */
  day: count,
  messages: z.number().int().positive(),
  words: count,
  /** The natural logarithm of one more than the words of a message, summed over the messages. */
  logWords: z.number().nonnegative(),
  /** Messages that begin with a capital letter, and that end with a full stop or the like. */
  capitals: count,
  ended: count,
})
export type DayCounts = z.infer<typeof dayCountsSchema>

/** What one message added to the counts of its day, so that it can be taken out when the turn is forgotten. */
export const turnCountsSchema = z.strictObject({
  turn: z.uuid(),
  /** The day that it was counted under. */
  day: count,
  words: count,
  capital: z.boolean(),
  ended: z.boolean(),
})
export type TurnCounts = z.infer<typeof turnCountsSchema>

/** Days of which counts are kept; older ones are dropped. */
export const PROFILE_DAYS_MAX = 60
/** Turns of which it is known what they added. Of older ones, the day is known. */
export const PROFILE_TURNS_MAX = 1_000

/**
 * What is kept about a person. It is closed: no field holds free text, so that nobody's words and nothing of health,
 * origin, belief, love or character can be in it. A test walks through it to see that this stays so.
 */
export const profileSchema = z.strictObject({
  format: z.literal('runa-profile'),
  version: z.literal(2),
  agreed: z.enum(['settings', 'learning']),
  paused: z.boolean(),
  mode: modeSchema,
  /** In which the mode was asked for, where it was not set on purpose. */
  modeTurn: z.uuid().optional(),
  /** What the person said. */
  manner: mannerSchema.partial(),
  /** How it came to be: on purpose, in the words of a message, or because what held got locked. */
  said: z.partialRecord(
    dimensionSchema,
    z.strictObject({
      how: z.enum(['set', 'words', 'lock']),
      /** Whole days since 1970, in UTC. */
      day: count,
      /** In which it was asked for. What was said there, alethia knows, for as long as it is not forgotten. */
      turn: z.uuid().optional(),
      locked: z.boolean(),
    }),
  ),
  /** Oldest first. */
  days: z.array(dayCountsSchema).max(PROFILE_DAYS_MAX),
  /** In the order in which they were counted. */
  turns: z.array(turnCountsSchema).max(PROFILE_TURNS_MAX),
})
export type Profile = z.infer<typeof profileSchema>

/** Turns in one call. */
const PROFILE_TURNS_NAMED_MAX = 10_000

/** The profile as a person sees it. */
const profileShape = {
  agreed: agreementSchema,
  paused: z.boolean(),
  mode: modeSchema,
  /** One for each dimension. */
  settings: z.array(settingSchema),
  /** Days of which counts are kept. */
  days: count,
  /** False where Runa runs without coven: then nothing is written, and everything ends with the process. */
  kept: z.boolean().default(true),
}

const dimensions = z.array(dimensionSchema).max(dimensionSchema.options.length)
const writing = {
  output: z.object(profileShape),
  errors: ['CONSENT_NEEDED', 'DISK_FULL'],
  limits: { timeoutMs: 10_000, runningMax: 16 },
} as const

/** How a person likes to be spoken to: said, set, or learnt slowly and openly. Nothing is kept before they agree. */
export const snarfContract = defineContract({
  name: 'snarf',
  version: 1,
  operations: {
    /** Nobody but the person decides this. `nothing` deletes what is there; `settings` deletes the counts. */
    agree: {
      ...writing,
      input: z.object({ to: agreementSchema }),
      errors: ['DISK_FULL'],
    },
    /**
     * Reads one message of the person: keeps what it asks for in words, such as `shorter, please`, and, where they agreed
     * to learning, counts. The message itself is not kept. Does nothing while paused or without consent.
     */
    observe: {
      ...writing,
      input: z.object({
        message: sensitive(z.string().max(QUESTION_LENGTH_MAX)),
        /** Of the message: what it asks for is explained by it later. */
        turn: z.uuid().optional(),
      }),
      output: z.object({
        /** What the message asked for in words and is kept from now on. What is locked is not among it. */
        changed: dimensions,
        counted: z.boolean(),
      }),
      errors: ['DISK_FULL'],
    },
    profile: { ...writing, input: z.object({}), errors: [] },
    /** Why one dimension is as it is, what it does to a prompt, and what was counted. */
    explain: {
      ...writing,
      input: z.object({ dimension: dimensionSchema }),
      output: z.object({
        setting: settingSchema,
        /** The dimension as a question, and each level in plain words. */
        asks: z.string(),
        scale: z.array(z.object({ level: levelSchema, means: z.string() })),
        /** What is written into the prompt; empty where nothing is. */
        instruction: z.string(),
        /** The days that the inferred level rests on, or would. Empty where the dimension is never inferred. */
        evidence: z.array(dayCountsSchema),
      }),
      errors: [],
    },
    /** Takes effect at the next request, and wins over whatever was inferred or asked for before. */
    set: {
      ...writing,
      input: z.object({
        settings: sensitive(mannerSchema.partial()).default({}),
        mode: sensitive(modeSchema.optional()),
      }),
    },
    /** A locked dimension keeps its present level, whatever a message asks for, until it is unlocked or set. */
    lock: {
      ...writing,
      input: z.object({ dimensions: dimensions.min(1), locked: z.boolean() }),
    },
    /** While paused nothing is heard or counted. What was set holds. */
    pause: {
      ...writing,
      input: z.object({ paused: z.boolean() }),
    },
    /** Back to the start: `learnt` deletes all counts; `settings` what was said and set, of the dimensions named, or all. */
    reset: {
      ...writing,
      input: z.object({
        what: z.enum(['learnt', 'settings', 'all']).default('all'),
        dimensions: dimensions.default([]),
      }),
      errors: ['DISK_FULL'],
    },
    /** Takes out what came of these turns: counts, and what they asked for in words, unless it was locked since. */
    forget: {
      ...writing,
      input: z.object({ turns: z.array(z.uuid()).max(PROFILE_TURNS_NAMED_MAX) }),
      errors: ['DISK_FULL'],
    },
    /** Those that something here came of. */
    turns: {
      ...writing,
      input: z.object({}),
      output: z.object({ turns: z.array(z.uuid()) }),
      errors: [],
    },
    /** Everything that is kept, as it is kept. Null where nothing is. */
    export: {
      ...writing,
      input: z.object({}),
      output: z.object({ profile: sensitive(profileSchema.nullable()) }),
      errors: [],
    },
    /** What to tell a model about the manner of the next answer, and why. Changes nothing. */
    plan: {
      ...writing,
      input: z.object({
        /** The message to be answered: what it asks for in words holds for its own answer already. */
        message: sensitive(z.string().max(QUESTION_LENGTH_MAX)).optional(),
        turn: z.uuid().optional(),
        /** In place of the one that was set. */
        mode: modeSchema.optional(),
        /** Somebody may be in danger: calm and plain, no play, and nothing that was inferred. */
        crisis: z.boolean().default(false),
      }),
      output: z.object({
        mode: modeSchema,
        /** Those that change something, with reasons. */
        settings: z.array(settingSchema),
        /** For the end of a system prompt; empty where there is nothing to say. */
        instruction: z.string(),
        sampling: z.object({ temperature: z.number().optional() }),
      }),
      errors: [],
      limits: { timeoutMs: 1_000, runningMax: 32 },
    },
  },
  events: {
    changed: z.object({}),
  },
})
