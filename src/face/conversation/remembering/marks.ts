import { type AnswerRecord, type RememberedTurn, UNANSWERED_MARK } from '#protocol'

/** What a later turn has to know of an earlier one, without its record being opened. */
export const MARKS = {
  /** The policy met plain words of self-harm in it. */
  crisis: 'crisis',
  unanswered: UNANSWERED_MARK,
  /** The person did not want other threads to be looked into. */
  withoutMemory: 'without-memory',
} as const

/** As the policies name it. */
const CRISIS_DIMENSION = 'self-harm'
const CRISIS_TURNS = 20

export function marksOf(
  { verdicts, reason }: Pick<AnswerRecord, 'verdicts' | 'reason'>,
  recall: boolean,
): string[] {
  const unanswered = reason === 'no-match' || reason === 'blocked'
  const crisis = verdicts.some(({ dimension }) => dimension === CRISIS_DIMENSION)
  return [
    ...(crisis ? [MARKS.crisis] : []),
    ...(unanswered ? [MARKS.unanswered] : []),
    ...(recall ? [] : [MARKS.withoutMemory]),
  ]
}

/** Whether the policy met plain words of self-harm lately. It does not recognise most people in distress. */
export function inCrisis(turns: readonly Pick<RememberedTurn, 'marks'>[]): boolean {
  return turns.slice(-CRISIS_TURNS).some(({ marks = [] }) => marks.includes(MARKS.crisis))
}
