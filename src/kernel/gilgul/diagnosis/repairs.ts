import type { FailureStep, OnFailure } from '#kernel/config'
import type { FailureCause } from '#protocol'

/** One thing that gilgul does about a death. */
export type Step =
  /** Start it again after a pause, which counts towards what is borne. */
  | 'again'
  /** End the process of an earlier Runa that has the port, then start it again. */
  | 'end-orphan'
  /** Start the model with as much context as there is memory for. */
  | 'shrink'
  /** Try it again after pauses that grow, however often: nothing of it has run, the system could not start it. */
  | 'await-system'
  /** Wait until the disk has room, however long that takes. */
  | 'await-room'
  /** Leave it until a file that it failed for has changed. */
  | 'await-change'
  /** Wait until what it needs runs. */
  | 'await-needs'
  /** Start it again after the longest pause, however often. */
  | 'await-pause'
  /** Run a program of the owner, then start it again as `again` does. */
  | 'run'
  /** Leave it to a person. */
  | 'give-up'
  /** The same, and stop its whole group. */
  | 'stop-group'

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
  'await-system': 'It is started again once the system can start it.',
  'await-room': 'It is started again once there is room.',
  'await-change': 'It is started again once that has changed.',
  'await-needs': 'It is started again once what it needs runs.',
  'await-pause': 'It is started again after its longest pause.',
  run: 'A program of its owner is run, then it is started again.',
  'give-up': 'It is not started again by itself.',
  'stop-group': 'It is not started again by itself, and its group is stopped.',
}

export function tellStep(step: Step): string {
  return TOLD[step]
}

/** For a person: all that is tried, in turn. `onFailure`: what the description of the service says. */
export function tellLadder(cause: FailureCause, onFailure?: OnFailure): string[] {
  const owned = ladderOf(cause, onFailure)
  if (cause === 'crash-loop' && owned) return lastSteps(owned).map(tellStep)
  const ladder = owned?.map((written) => stepFor(written, cause, { canWatch: true })) ?? LADDERS[cause]
  const steps = ladder.map(tellStep)
  return steps.filter((step, index) => step !== steps[index - 1])
}

/** What is possible for this death, whatever the ladder says. */
export interface Means {
  readonly hasOrphan: boolean
  readonly canShrink: boolean
  /** The system did not start it at all. */
  readonly wasRefused?: boolean
  /** Files whose change would make a difference. */
  readonly canWatch: boolean
}

/** Where on its ladder a service stands, as one gilgul hands it on to the next. */
export interface Rung {
  readonly cause: FailureCause
  /** So many steps were taken for it. */
  readonly taken: number
}

export interface Next {
  readonly step: Step
  readonly rung: Rung
  /** As the description of the service has it; undefined where it says nothing of this cause. */
  readonly written: FailureStep | undefined
}

/** The next step for a service that died of `cause` after it had died of `before`. */
export function nextStep(
  cause: FailureCause,
  before: Rung | undefined,
  means: Means,
  onFailure?: OnFailure,
): Next {
  const taken = before?.cause === cause ? before.taken : 0
  const owned = ladderOf(cause, onFailure)
  if (!owned) return { ...nextOfRuna(cause, taken, means), written: undefined }
  const written = owned[Math.min(taken, owned.length - 1)] ?? 'give-up'
  const rung = { cause, taken: Math.min(taken + 1, owned.length) }
  return { step: stepFor(written, cause, means), rung, written }
}

function nextOfRuna(cause: FailureCause, before: number, means: Means): Omit<Next, 'written'> {
  const ladder = LADDERS[cause]
  let taken = before
  // Its own ladder is for what it died of, and it has not lived.
  if (cause === 'limit-reached' && means.wasRefused)
    return { step: 'await-system', rung: { cause, taken: taken + 1 } }
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

/** What the owner wants done about that cause, in turn. */
export function ladderOf(
  cause: FailureCause,
  onFailure: OnFailure | undefined,
): readonly FailureStep[] | undefined {
  return cause === 'slow-start' ? undefined : onFailure?.[cause]
}

/** What follows on too many deaths is done all at once, since nothing comes after it. */
function lastSteps(written: readonly FailureStep[]): Step[] {
  const runs = written.flatMap((step): Step[] => (typeof step === 'object' ? ['run'] : []))
  return [...runs, written.includes('stop-group') ? 'stop-group' : 'give-up']
}

function stepFor(written: FailureStep, cause: FailureCause, { canWatch }: Pick<Means, 'canWatch'>): Step {
  if (typeof written === 'object') return 'run'
  if (written === 'restart') return 'again'
  return written === 'wait' ? waitFor(cause, canWatch) : written
}

/** What can be waited for depends on what it died of. */
function waitFor(cause: FailureCause, canWatch: boolean): Step {
  if (cause === 'disk-full') return 'await-room'
  if (cause === 'dependency-down') return 'await-needs'
  return canWatch ? 'await-change' : 'await-pause'
}
