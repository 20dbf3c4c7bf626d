import { RunaError } from '#protocol'
import type { Card, Run } from '../api.ts'
import type { BoardState, Entry, RunChange } from './entry.ts'
import { changeCard, changeList, findCard, PAUSED_REASON, withComment, withoutCard } from './places.ts'

type FinishRun = Extract<RunChange, { kind: 'finishRun' }>

/** The board after a change to the run of a card. An attempt that was given up or replaced can change nothing more. */
export function applyRunChange(board: BoardState, change: RunChange, entry: Entry): BoardState {
  if (change.kind === 'queueRun') return queueRun(board, change, entry)
  const run = runOf(board, change.card, change.attempt)
  if (change.kind === 'finishRun') return finishRun(board, change, run, entry)
  const next: Run =
    change.kind === 'startRun'
      ? { ...run, state: 'running', reason: '', startedAt: entry.at }
      : { ...run, state: 'failed', reason: change.reason }
  return changeCard(board, change.card, (card) => ({ ...card, run: next }))
}

function runOf(board: BoardState, card: string, attempt: string): Run {
  const { run } = findCard(board, card).card
  const isThis = run?.attempt === attempt && (run.state === 'queued' || run.state === 'running')
  if (!run || !isThis) throw new RunaError('VERSION_CONFLICT', 'That attempt has already ended.')
  return run
}

function queueRun(board: BoardState, change: Extract<RunChange, { kind: 'queueRun' }>, { id }: Entry) {
  const { list } = findCard(board, change.card)
  if (change.replaces) runOf(board, change.card, change.replaces)
  if (!list.assistant) {
    throw new RunaError('BAD_INPUT', 'No assistant works in this list. Move the card to one that has one.')
  }
  const reason = list.assistant.paused ? PAUSED_REASON : change.reason
  const run: Run = { state: 'queued', reason, startedAt: null, attempt: id, tries: change.tries }
  return changeCard(board, change.card, (card) => ({ ...card, run }))
}

function finishRun(board: BoardState, change: FinishRun, run: Run, { at }: Entry): BoardState {
  const { attempt, state, reason, text, citations, answer } = change
  const said = { author: 'assistant', text, citations, answer, missing: null } as const
  const comment = { id: attempt, at, ...said, citations: [...citations] }
  const finish = (card: Card): Card => ({
    ...withComment(card, comment),
    run: { ...run, state, reason },
  })
  const finished = changeCard(board, change.card, finish)
  return state === 'done' ? moveToResults(finished, change.card) : finished
}

/** A move by itself queues nothing, or two lists that send each other their results would never come to rest. */
function moveToResults(board: BoardState, id: string): BoardState {
  const { list, card } = findCard(board, id)
  const target = board.lists.find((candidate) => candidate.id === list.assistant?.resultsTo)
  if (!target) return board
  return changeList(withoutCard(board, id), target.id, (to) => ({ ...to, cards: [...to.cards, card] }))
}
