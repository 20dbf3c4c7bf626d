import { TURNS_NAMED_MAX } from '#protocol'
import type { Services } from '../services.ts'
import { type AnswerTexts, referencesIn, referencesOn } from './answer-texts.ts'
import type { Boards } from './boards.ts'
import type { BoardState } from './entry.ts'

/** Sees to it that what the memory forgets is on no board any more. */
export interface Forgetting {
  forget(turns: readonly string[]): Promise<void>
  /** Asks the memory, for what was forgotten while nobody here was told. Rejects where it does not answer. */
  catchUp(): Promise<void>
}

export function createForgetting(
  boards: Boards,
  texts: AnswerTexts,
  alethia: Pick<Services['alethia'], 'forgottenAmong'>,
): Forgetting {
  async function forget(turns: readonly string[]): Promise<void> {
    texts.forget(turns)
    const gone = new Set(turns)
    for (const board of boards.all()) {
      const answers = allReferences(board).filter((id) => gone.has(id))
      for (const some of inPieces(answers)) {
        await boards.change(board.id, { kind: 'forgetAnswers', answers: some })
      }
    }
  }

  return {
    forget,
    async catchUp() {
      for (const some of inPieces(boards.all().flatMap(allReferences))) {
        const { turns } = await alethia.forgottenAmong({ turns: some })
        if (turns.length > 0) await forget(turns)
      }
    },
  }
}

/** Also on cards that were taken off. */
function allReferences(board: BoardState): string[] {
  return [...referencesIn(board), ...board.removed.flatMap(({ card }) => referencesOn(card))]
}

function inPieces(ids: readonly string[]): string[][] {
  const pieces: string[][] = []
  for (let start = 0; start < ids.length; start += TURNS_NAMED_MAX) {
    pieces.push(ids.slice(start, start + TURNS_NAMED_MAX))
  }
  return pieces
}
