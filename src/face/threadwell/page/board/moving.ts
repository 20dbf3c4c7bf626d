import { all } from '../dom.ts'
import type { Deeds } from './deeds.ts'
import type { BoardStore } from './store.ts'

/** Moves a card, whichever way the person asked for it: by mouse, by key or by menu. */
export async function moveCard(
  store: BoardStore,
  deeds: Deeds,
  card: string,
  list: string,
  at: number,
): Promise<void> {
  const from = store.card(card)
  const target = store.list(list)
  if (from === undefined || target === undefined) return store.release()
  if (from.list.id === list && from.at === at) return store.release()
  const inverse = { kind: 'moveCard', card, list: from.list.id, at: from.at } as const
  const where = from.list.id === list ? 'within' : 'to'
  const words = `Moved “${from.card.title}” ${where} ${target.title}.`
  await deeds.tryAct({ kind: 'moveCard', card, list, at }, words, () => [inverse])
  store.release()
}

/** Where an element lies on the page now: the list, and the place in it. */
export function placeOf(element: HTMLElement): { readonly list: string; readonly at: number } | undefined {
  const list = element.closest<HTMLElement>('.list')
  const id = list?.dataset['id']
  if (list === null || id === undefined) return undefined
  return { list: id, at: all('.cards > .card', list).indexOf(element) }
}
