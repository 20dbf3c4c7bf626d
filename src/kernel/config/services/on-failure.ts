import * as z from 'zod'
import { commandSchema } from './command.ts'

/** What an owner may have done about a death. */
const RUN = z.strictObject(
  { run: commandSchema, timeoutSeconds: z.number().min(0.1).max(600).default(30) },
  { error: 'has run, a list of a program and its arguments, and may have timeoutSeconds' },
)
const WORDS = ['restart', 'wait', 'give-up', 'stop-group'] as const
const LADDER_MAX = 8

function ladder<Step extends z.ZodType>(step: Step) {
  return z.array(step, { error: 'is a list of steps, such as [restart, give-up]' }).min(1).max(LADDER_MAX)
}

const STEP = z.union([z.enum(WORDS), RUN], {
  error: `is one of ${WORDS.join(', ')}, or {run: [program, ...]}`,
})
const LAST_STEP = z.union([z.enum(['give-up', 'stop-group']), RUN], {
  error: 'is one of give-up, stop-group, or {run: [program, ...]}, after which it is given up',
})

/** The causes that gilgul tells apart, but for a slow start, which is none. */
const CAUSES = [
  'out-of-memory',
  'model-too-big',
  'port-taken',
  'file-missing',
  'model-corrupt',
  'data-corrupt',
  'permission',
  'bad-configuration',
  'illegal-instruction',
  'hang',
  'dependency-down',
  'disk-full',
  'limit-reached',
  'killed',
  'crash',
  'unknown',
] as const

const steps = ladder(STEP).optional()

/**
 * By the cause of a death: what is done about it, in turn, while it dies of the same again and again. The last step stays.
 * A cause that is not named has the steps that Runa has for it.
 */
export const onFailureSchema = z.strictObject({
  ...(Object.fromEntries(CAUSES.map((cause) => [cause, steps])) as Record<
    (typeof CAUSES)[number],
    typeof steps
  >),
  'crash-loop': ladder(LAST_STEP).optional(),
})

export type OnFailure = z.output<typeof onFailureSchema>
export type FailureStep = z.output<typeof STEP>
