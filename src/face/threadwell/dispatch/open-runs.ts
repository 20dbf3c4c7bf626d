import type { Card, List, Run } from '../api.ts'
import type { BoardState } from '../board/entry.ts'

/** A card with an open run, and where it is. */
export interface OpenRun {
  readonly board: string
  readonly list: List
  readonly card: Card
  readonly run: Run
}

/** Every run that waits or works, the oldest attempt first: their ids grow with time. */
export function openRuns(boards: readonly BoardState[]): OpenRun[] {
  const runs = boards.flatMap(({ id: board, lists }) =>
    lists.flatMap((list) =>
      list.cards.flatMap((card) => {
        const { run } = card
        return run?.state === 'queued' || run?.state === 'running' ? [{ board, list, card, run }] : []
      }),
    ),
  )
  return runs.sort((one, other) => (one.run.attempt < other.run.attempt ? -1 : 1))
}
