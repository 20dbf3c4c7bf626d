import type { FailureCause } from '#protocol'

/** One thing that gilgul does about a death. */
export type Step =
  /** Start it again after a pause, which counts towards what is borne. */
  | 'again'
  /** End the process of an earlier Runa that has the port, then start it again. */
  | 'end-orphan'
  /** Start the model with as much context as there is memory for. */
  | 'shrink'
  /** Wait until the disk has room, however long that takes. */
  | 'await-room'
  /** Leave it until a file that it failed for has changed. */
  | 'await-change'
  /** Wait until what it needs runs. */
  | 'await-needs'
  /** Leave it to a person. */
  | 'give-up'

/**
 * What is tried in turn while a service dies of the same thing again and again. The last step stays. Where the same would
 * only fail the same way, nothing is tried blindly.
 */
export const LADDERS: Readonly<Record<FailureCause, readonly Step[]>> = {
  'out-of-memory': ['shrink', 'again', 'again', 'give-up'],
  'model-too-big': ['shrink', 'shrink', 'give-up'],
  'port-taken': ['end-orphan', 'give-up'],
  'file-missing': ['await-change'],
  'model-corrupt': ['await-change'],
  'data-corrupt': ['await-change'],
  permission: ['await-change'],
  'bad-configuration': ['await-change'],
  'illegal-instruction': ['give-up'],
  hang: ['again'],
  'slow-start': ['again'],
  'crash-loop': ['give-up'],
  'dependency-down': ['await-needs'],
  'disk-full': ['await-room'],
  'limit-reached': ['again'],
  killed: ['again'],
  crash: ['again'],
  unknown: ['again'],
}

const TOLD: Readonly<Record<Step, string>> = {
  again: 'It is started again.',
  'end-orphan': 'What an earlier Runa has left there is ended, and it is started again.',
  shrink: 'It is started again with less context.',
  'await-room': 'It is started again once there is room.',
  'await-change': 'It is started again once that has changed.',
  'await-needs': 'It is started again once what it needs runs.',
  'give-up': 'It is not started again by itself.',
}

export function tellStep(step: Step): string {
  return TOLD[step]
}

/** For a person: all that is tried, in turn. */
export function tellLadder(cause: FailureCause): string[] {
  const steps = LADDERS[cause].map(tellStep)
  return steps.filter((step, index) => step !== steps[index - 1])
}

/** What is possible for this death, whatever the ladder says. */
export interface Means {
  readonly hasOrphan: boolean
  readonly canShrink: boolean
  /** Files whose change would make a difference. */
  readonly canWatch: boolean
}

/** Where on its ladder a service stands, as one gilgul hands it on to the next. */
export interface Rung {
  readonly cause: FailureCause
  /** So many steps were taken for it. */
  readonly taken: number
}

/** The next step for a service that died of `cause` after it had died of `before`. */
export function nextStep(
  cause: FailureCause,
  before: Rung | undefined,
  means: Means,
): { step: Step; rung: Rung } {
  const ladder = LADDERS[cause]
  let taken = before?.cause === cause ? before.taken : 0
  const at = () => ladder[Math.min(taken, ladder.length - 1)] ?? 'give-up'
  while (!isPossible(at(), means) && taken < ladder.length - 1) taken += 1
  const step = isPossible(at(), means) ? at() : 'give-up'
  return { step, rung: { cause, taken: Math.min(taken + 1, ladder.length) } }
}

function isPossible(step: Step, { hasOrphan, canShrink, canWatch }: Means): boolean {
  if (step === 'end-orphan') return hasOrphan
  if (step === 'shrink') return canShrink
  return step !== 'await-change' || canWatch
}
