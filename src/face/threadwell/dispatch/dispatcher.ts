import { ERRORS, RunaError } from '#protocol'
import type { ChangeReply, Run } from '../api.ts'
import type { Boards } from '../board/boards.ts'
import { findCard, isOpen } from '../board/places.ts'
import { toFailure } from '../http/failure.ts'
import { LIMITS } from '../limits.ts'
import type { Services } from '../services.ts'
import { answerCard } from './answer-card.ts'
import { type OpenRun, openRuns } from './waiting.ts'

const UNWRITTEN_PAUSE_MS = 30_000
const REASON_LENGTH_MAX = 2_000

export interface DispatcherOptions {
  readonly boards: Boards
  readonly conversation: Services['conversation']
  /** Cards that are answered at the same time. A small machine has one model to share. */
  readonly runningMax?: number
  /** Before an attempt is begun anew; doubled each time. */
  readonly pauseMs?: number
  readonly log?: (error: unknown) => void
}

export interface Dispatcher {
  /** Queues a card again. Rejects with BOARD_UNKNOWN, or BAD_INPUT where no assistant works or one already does. */
  start(card: string): Promise<ChangeReply>
  /** Rejects with BAD_INPUT where nothing runs. */
  cancel(card: string): Promise<ChangeReply>
  /** Lets go of what runs. The log says that it runs, so that the next start takes it up again. */
  stop(): Promise<void>
}

/** Takes the cards that wait in assistants' lists, oldest first, and brings each to an end that the card shows. */
export function createDispatcher(options: DispatcherOptions): Dispatcher {
  const { boards, conversation, runningMax = 1, pauseMs = 1_000, log = () => {} } = options
  const running = new Map<string, { readonly abort: AbortController; readonly ended: Promise<void> }>()
  /** Cards that wait a moment, since what they need was not there. */
  const resting = new Set<string>()
  let stopping = false

  function dispatch(): void {
    if (stopping) return
    const runs = openRuns(boards.all())
    const open = new Set(runs.map(({ run }) => run.attempt))
    for (const [attempt, { abort }] of running) if (!open.has(attempt)) abort.abort()
    for (const found of runs) {
      if (running.size >= runningMax) return
      const { run, list, card } = found
      const mayBegin = run.state === 'queued' && list.assistant && !list.assistant.paused
      if (!mayBegin || running.has(run.attempt) || resting.has(card.id)) continue
      const abort = new AbortController()
      const ended = work(found, abort.signal).finally(() => {
        running.delete(run.attempt)
        dispatch()
      })
      running.set(run.attempt, { abort, ended })
    }
  }

  async function work(found: OpenRun, signal: AbortSignal): Promise<void> {
    const { board, list, card, run } = found
    const { attempt } = run
    try {
      await boards.change(board, { kind: 'startRun', card: card.id, attempt })
      const result = await answerCard(conversation, list, card, signal)
      if (signal.aborted) return
      await boards.change(board, { kind: 'finishRun', card: card.id, attempt, answer: null, ...result })
    } catch (error) {
      if (!signal.aborted) await settle(found, error)
    }
  }

  async function settle(found: OpenRun, error: unknown): Promise<void> {
    try {
      await giveUp(found, error)
    } catch (worse) {
      // Not even that could be written down. The disk may get well again, and then the card must say what happened.
      log(worse)
      rest(found.card.id, UNWRITTEN_PAUSE_MS, () => void settle(found, error))
    }
  }

  /** What may go away by itself is tried again, a few times; anything else is said on the card. */
  async function giveUp({ board, card, run }: OpenRun, error: unknown): Promise<void> {
    if (!(error instanceof RunaError)) log(error)
    const { code, message, advice } = toFailure(error)
    const { attempt, tries } = run
    if (code === 'VERSION_CONFLICT') return
    const isLast = !ERRORS[code].retry || tries + 1 >= LIMITS.runTriesMax
    if (!isLast) rest(card.id, pauseMs * 2 ** tries, dispatch)
    const given = isLast
      ? boards.change(board, { kind: 'failRun', card: card.id, attempt, reason: sentence(message, advice) })
      : requeue(board, card.id, run, sentence(message, 'It is tried again by itself.'))
    await given.catch(unlessEnded)
  }

  function requeue(board: string, card: string, { attempt, tries }: Run, reason: string) {
    return boards.change(board, { kind: 'queueRun', card, tries: tries + 1, reason, replaces: attempt })
  }

  function rest(card: string, restMs: number, then: () => void): void {
    resting.add(card)
    setTimeout(() => {
      resting.delete(card)
      if (!stopping) then()
    }, restMs).unref()
  }

  /** What ran when the last process ended, nobody works on any more. */
  async function recover(): Promise<void> {
    for (const { board, card, run } of openRuns(boards.all())) {
      if (run.state !== 'running') continue
      await (run.tries + 1 < LIMITS.runTriesMax
        ? requeue(
            board,
            card.id,
            run,
            'Runa was interrupted while it worked on this card. It waits for its turn.',
          )
        : boards.change(board, {
            kind: 'failRun',
            card: card.id,
            attempt: run.attempt,
            reason: `Runa was interrupted ${LIMITS.runTriesMax} times while it worked on this card.`,
          }))
    }
  }

  const recovered = recover().catch(log)
  const endListening = boards.listen(dispatch)
  void recovered.then(dispatch)
  return {
    async start(id) {
      const board = boards.ofCard(id)
      if (isOpen(findCard(board, id).card)) {
        throw new RunaError('BAD_INPUT', 'An assistant already has this card.')
      }
      return await boards.change(board.id, {
        kind: 'queueRun',
        card: id,
        tries: 0,
        reason: '',
        replaces: null,
      })
    },
    async cancel(id) {
      const board = boards.ofCard(id)
      const { card } = findCard(board, id)
      if (!card.run || !isOpen(card)) throw new RunaError('BAD_INPUT', 'No assistant works on this card.')
      const { attempt } = card.run
      return await boards.change(board.id, { kind: 'failRun', card: id, attempt, reason: 'You stopped it.' })
    },
    async stop() {
      stopping = true
      endListening()
      for (const { abort } of running.values()) abort.abort()
      await Promise.all([recovered, ...[...running.values()].map(({ ended }) => ended)])
    },
  }
}

function sentence(...parts: readonly string[]): string {
  return parts.join(' ').slice(0, REASON_LENGTH_MAX)
}

/** Somebody moved or stopped the card meanwhile: what they wanted stands. */
function unlessEnded(error: unknown): void {
  const isOver = error instanceof RunaError && ['VERSION_CONFLICT', 'BOARD_UNKNOWN'].includes(error.code)
  if (!isOver) throw error
}
