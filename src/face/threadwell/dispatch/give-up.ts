import { ERRORS, RunaError } from '#protocol'
import type { Run } from '../api.ts'
import type { Boards } from '../board/boards.ts'
import { toFailure } from '../http/failure.ts'
import { LIMITS } from '../limits.ts'
import { type OpenRun, openRuns } from './open-runs.ts'

const REASON_LENGTH_MAX = 2_000
const INTERRUPTED = 'Runa was interrupted while it worked on this card. It waits for its turn.'

/**
 * Ends an attempt that failed: what may go away by itself is tried again, a few times; anything else is said on the
 * card. `pause` is called before a new attempt is queued. Rejects where the board cannot be written.
 */
export async function giveUp(
  boards: Boards,
  { board, card, run }: OpenRun,
  error: unknown,
  pause: () => void,
): Promise<void> {
  const { code, message, advice } = toFailure(error)
  if (code === 'VERSION_CONFLICT') return
  const isLast = !ERRORS[code].retry || run.tries + 1 >= LIMITS.runTriesMax
  if (!isLast) pause()
  const ended = isLast
    ? fail(boards, board, card.id, run, `${message} ${advice}`)
    : requeue(boards, board, card.id, run, `${message} It is tried again by itself.`)
  await ended.catch(unlessEnded)
}

/** What ran when the last process ended, nobody works on any more. */
export async function recoverRuns(boards: Boards): Promise<void> {
  for (const { board, card, run } of openRuns(boards.all())) {
    if (run.state !== 'running') continue
    await (run.tries + 1 < LIMITS.runTriesMax
      ? requeue(boards, board, card.id, run, INTERRUPTED)
      : fail(boards, board, card.id, run, `Runa was interrupted ${LIMITS.runTriesMax} times at this card.`))
  }
}

function requeue(boards: Boards, board: string, card: string, run: Run, words: string) {
  const reason = words.slice(0, REASON_LENGTH_MAX)
  const tries = run.tries + 1
  return boards.change(board, { kind: 'queueRun', card, tries, reason, replaces: run.attempt })
}

function fail(boards: Boards, board: string, card: string, { attempt }: Run, words: string) {
  const reason = words.slice(0, REASON_LENGTH_MAX)
  return boards.change(board, { kind: 'failRun', card, attempt, reason })
}

/** Somebody moved or stopped the card meanwhile: what they wanted stands. */
function unlessEnded(error: unknown): void {
  const isOver = error instanceof RunaError && ['VERSION_CONFLICT', 'BOARD_UNKNOWN'].includes(error.code)
  if (!isOver) throw error
}
