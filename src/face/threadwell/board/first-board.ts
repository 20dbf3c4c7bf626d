import { createUuidV7 } from '#protocol'
import { HANDBOOK_TOPIC } from '../handbook.ts'
import { applyChange } from './apply-change.ts'
import type { BoardState, Entry } from './entry.ts'

export const FIRST_BOARD_TITLE = 'My board'

const FIRST_CARD = {
  title: 'What is an assistant list?',
  text: 'Move this card to the list “Assistant”, and the answer comes as a comment, with its sources.',
}

/** What a board has on it that nobody has used yet: one list for each step, and one card to try them with. */
export function designFirstBoard(empty: BoardState, nowMs: () => number = Date.now): BoardState {
  let board = empty
  function apply(change: Entry['change']): string {
    const at = nowMs()
    const id = createUuidV7(at)
    board = applyChange(board, { id, at, change })
    return id
  }
  const [inbox = '', assistant = '', review = ''] = ['Inbox', 'Assistant', 'Review', 'Done'].map((title) =>
    apply({ kind: 'addList', title }),
  )
  const settings = {
    persona: 'default',
    prompt: '',
    topics: [HANDBOOK_TOPIC],
    resultsTo: review,
    paused: false,
  }
  apply({ kind: 'setAssistant', list: assistant, assistant: settings })
  apply({ kind: 'addCard', list: inbox, ...FIRST_CARD })
  return board
}
