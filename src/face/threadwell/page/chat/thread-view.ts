import type { Turn } from '#protocol'
import type { SourcePanel } from '../sources.ts'
import { type AnswerView, createAnswerView, questionElement } from './turn-view.ts'

interface Shown {
  readonly elements: readonly HTMLElement[]
  /** A turn that is kept may be forgotten elsewhere, and then goes from here as well. */
  readonly isKept: boolean
}

/** The turns of one thread, in their place on the page. */
export interface ThreadView {
  /** All of these, and nothing else. */
  show(turns: readonly Turn[]): void
  /** Older ones, above the others. What is being read stays in its place. */
  prepend(turns: readonly Turn[]): void
  /** What came or went meanwhile. Whatever else is shown stays where it is. Returns how many came. */
  follow(turns: readonly Turn[], isWhole: boolean): number
  /** A question that is just being asked, and the place of its answer. */
  ask(question: string): { readonly view: AnswerView; readonly elements: readonly HTMLElement[] }
  /** This turn is on the page already. */
  know(id: string, elements: readonly HTMLElement[], isKept: boolean): void
}

export function createThreadView(
  place: HTMLElement,
  panel: SourcePanel,
  isOffTheRecord: () => boolean,
): ThreadView {
  const shown = new Map<string, Shown>()

  function elementsOf(turn: Turn): HTMLElement[] {
    const view = createAnswerView(panel, !isOffTheRecord())
    view.finish(turn)
    const question = questionElement(turn.question, turn.at)
    question.id = turn.id
    shown.set(turn.id, { elements: [question, view.element], isKept: true })
    return [question, view.element]
  }

  function add(turn: Turn): void {
    place.append(...elementsOf(turn))
  }

  function removeWhatWent(turns: readonly Turn[]): void {
    const left = new Set(turns.map(({ id }) => id))
    for (const [id, { elements, isKept }] of shown) {
      if (!isKept || left.has(id)) continue
      for (const element of elements) element.remove()
      shown.delete(id)
    }
  }

  return {
    show(turns) {
      shown.clear()
      place.replaceChildren()
      for (const turn of turns) add(turn)
    },
    prepend(turns) {
      const below = place.scrollHeight - place.scrollTop
      place.prepend(...turns.filter(({ id }) => !shown.has(id)).flatMap(elementsOf))
      place.scrollTop = place.scrollHeight - below
    },
    follow(turns, isWhole) {
      if (isWhole) removeWhatWent(turns)
      const fresh = turns.filter(({ id }) => !shown.has(id))
      for (const turn of fresh) add(turn)
      return fresh.length
    },
    ask(question) {
      const asking = questionElement(question, Date.now())
      const view = createAnswerView(panel, !isOffTheRecord())
      place.append(asking, view.element)
      asking.scrollIntoView({ block: 'start' })
      return { view, elements: [asking, view.element] }
    },
    know: (id, elements, isKept) => void shown.set(id, { elements, isKept }),
  }
}
