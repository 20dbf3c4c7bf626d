import * as z from 'zod'
import { serviceNameSchema } from './names.ts'

export const happeningKindSchema = z.enum([
  /** gilgul made a new world, and starts everything. */
  'began',
  /** A gilgul goes on where another one died. */
  'took-over',
  /** gilgul was run in the place of a coven that had died, and this one is the first that the new coven started. */
  'succeeded',
  /** Everything was stopped, and gilgul ends. */
  'ended',
  'started',
  'ready',
  /** Started by an earlier gilgul, and kept on by this one. */
  'adopted',
  'died',
  'given-up',
  'stopped',
  /** Nobody had called it for a while: it ended, and is started by the next call. */
  'slept',
  /** Something was done about a cause. */
  'repaired',
  /** It was decided whether there is room for it. */
  'admitted',
  'refused',
  /** What it is started from was changed. */
  'respecified',
  /** Files were changed, and are wrong: what runs goes on as it was. */
  'not-applied',
  /** Some happenings could not be written down. */
  'missed',
])
export type HappeningKind = z.infer<typeof happeningKindSchema>

export const HAPPENING_TEXT_LENGTH_MAX = 2_000

/** One thing that happened to a service, or to gilgul itself: an event on the bus, and an entry of the history. */
export const happeningSchema = z.object({
  /** Milliseconds since 1970. */
  at: z.number().int().nonnegative(),
  kind: happeningKindSchema,
  service: serviceNameSchema,
  /** Sentences for a person: what happened, and why. */
  text: z.string().max(HAPPENING_TEXT_LENGTH_MAX),
  pid: z.number().int().positive().optional(),
  /** Number of the start of the service that this belongs to. */
  birth: z.number().int().nonnegative().optional(),
  /** Of a readiness: how long it took. Of a death: how long it had been there. */
  durationMs: z.number().int().nonnegative().optional(),
  /** Of an error, where the service said one. */
  code: z.string().optional(),
  /** A word for what was found to be the cause. */
  cause: z.string().optional(),
})
export type Happening = z.infer<typeof happeningSchema>
