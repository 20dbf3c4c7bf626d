import { RunaError } from '#protocol'
import type { ChangeReply } from '../api.ts'
import type { Boards } from '../board/boards.ts'
import { findCard, isOpen } from '../board/places.ts'
import type { Services } from '../services.ts'
import { answerCard } from './answer-card.ts'
import { giveUp, recoverRuns } from './give-up.ts'
import { type OpenRun, openRuns } from './open-runs.ts'
import { createResting, type Resting } from './resting.ts'

const UNWRITTEN_PAUSE_MS = 30_000

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
  const { boards, runningMax = 1, log = () => {} } = options
  const resting = createResting()
  const work = createWorker(options, resting, dispatch)
  const running = new Map<string, { readonly abort: AbortController; readonly ended: Promise<void> }>()
  let stopping = false

  function dispatch(): void {
    if (stopping) return
    const runs = openRuns(boards.all())
    const open = new Set(runs.map(({ run }) => run.attempt))
    for (const [attempt, { abort }] of running) if (!open.has(attempt)) abort.abort()
    for (const found of runs) {
      if (running.size >= runningMax) return
      if (mayBegin(found) && !running.has(found.run.attempt) && !resting.has(found.card.id)) begin(found)
    }
  }

  function begin(found: OpenRun): void {
    const { attempt } = found.run
    const abort = new AbortController()
    const ended = work(found, abort.signal).finally(() => {
      running.delete(attempt)
      dispatch()
    })
    running.set(attempt, { abort, ended })
  }

  const recovered = recoverRuns(boards).catch(log)
  const endListening = boards.listen(dispatch)
  void recovered.then(dispatch)
  return {
    ...createRequests(boards),
    async stop() {
      stopping = true
      endListening()
      resting.stop()
      for (const { abort } of running.values()) abort.abort()
      await Promise.all([recovered, ...[...running.values()].map(({ ended }) => ended)])
    },
  }
}

function mayBegin({ run, list }: OpenRun): boolean {
  return run.state === 'queued' && list.assistant !== null && !list.assistant.paused
}

type Worker = (found: OpenRun, signal: AbortSignal) => Promise<void>

/** One attempt at one card. It never rejects: however it ends, it is written on the card, or tried again later. */
function createWorker(options: DispatcherOptions, resting: Resting, dispatch: () => void): Worker {
  const { boards, conversation, pauseMs = 1_000, log = () => {} } = options

  async function settle(found: OpenRun, error: unknown): Promise<void> {
    const { card, run } = found
    if (!(error instanceof RunaError)) log(error)
    try {
      await giveUp(boards, found, error, () => resting.add(card.id, pauseMs * 2 ** run.tries, dispatch))
    } catch (worse) {
      // Not even that could be written down. The disk may get well again, and then the card must say what happened.
      log(worse)
      resting.add(card.id, UNWRITTEN_PAUSE_MS, () => void settle(found, error))
    }
  }

  return async (found, signal) => {
    const { board, card, run } = found
    const { attempt } = run
    try {
      await boards.change(board, { kind: 'startRun', card: card.id, attempt })
      const result = await answerCard(conversation, found, signal)
      if (signal.aborted) return
      const nothing = { text: '', citations: [] }
      await boards.change(board, { kind: 'finishRun', card: card.id, attempt, ...nothing, ...result })
    } catch (error) {
      if (!signal.aborted) await settle(found, error)
    }
  }
}

/** What a person may ask for. */
function createRequests(boards: Boards): Pick<Dispatcher, 'start' | 'cancel'> {
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
  }
}
