import type { Change, ChangeReply } from '../../api.ts'
import { byId, say } from '../dom.ts'
import { asRefusal } from '../http.ts'
import type { BoardStore } from './store.ts'

/** A step back may need the id that the step before it made. */
type Step = Change | ((before: ChangeReply) => Change)
type Inverse = (reply: ChangeReply) => readonly Step[]

/** The changes of this page, each with its way back. */
export interface Deeds {
  /** Throws where it was refused, for a dialog to show. */
  act(change: Change, words: string, inverse: Inverse): Promise<void>
  /** The same; where it was refused it says so, and resolves to false. */
  tryAct(change: Change, words: string, inverse: Inverse): Promise<boolean>
  undo(): Promise<void>
  /** A message in the reserved place; it stays until it is closed. */
  tell(words: string, canUndo?: boolean): void
  tellFault(error: unknown): void
}

const UNDO_MAX = 50

export function createDeeds(store: BoardStore): Deeds {
  const undoable: { readonly words: string; readonly inverse: readonly Step[] }[] = []
  const toast = byId('toast')

  function tell(words: string, canUndo = false): void {
    byId('toast-text').textContent = words
    byId('undo').hidden = !canUndo
    toast.hidden = false
    say(words)
  }

  function tellFault(error: unknown): void {
    const { message, advice } = asRefusal(error)
    tell(`${message} ${advice}`)
  }

  async function undo(): Promise<void> {
    const last = undoable.pop()
    if (last === undefined) return tell('There is nothing to undo.')
    try {
      let reply: ChangeReply | undefined
      for (const step of last.inverse) {
        reply = await store.send(
          typeof step === 'function' && reply !== undefined ? step(reply) : (step as Change),
        )
      }
      tell(`Undone: ${last.words}`, undoable.length > 0)
    } catch (error) {
      tellFault(error)
    }
  }

  byId('undo').addEventListener('click', () => void undo())
  byId('toast-close').addEventListener('click', () => {
    toast.hidden = true
  })

  async function act(change: Change, words: string, inverse: Inverse): Promise<void> {
    const reply = await store.send(change)
    const back = inverse(reply)
    if (back.length > 0) undoable.push({ words, inverse: back })
    if (undoable.length > UNDO_MAX) undoable.shift()
    tell(words, back.length > 0)
  }

  return {
    tell,
    tellFault,
    undo,
    act,
    async tryAct(change, words, inverse) {
      try {
        await act(change, words, inverse)
        return true
      } catch (error) {
        tellFault(error)
        return false
      }
    },
  }
}
