import { all } from '../dom.ts'
import { Sortable } from '../vendor/sortable.js'
import type { Deeds } from './deeds.ts'
import { moveCard, placeOf } from './moving.ts'
import type { BoardStore } from './store.ts'

/** Lets cards be dragged with mouse and finger. Lists that appear later take part too. */
export function letDrag(store: BoardStore, deeds: Deeds): void {
  store.subscribe(() => {
    for (const cards of all('.cards:not([data-drag])')) {
      cards.dataset['drag'] = 'on'
      makeSortable(cards, store, deeds)
    }
  })
}

function makeSortable(cards: HTMLElement, store: BoardStore, deeds: Deeds): void {
  new Sortable(cards, {
    group: 'cards',
    draggable: '.card',
    animation: 0,
    // The browser's own dragging cannot be used with a finger.
    forceFallback: true,
    fallbackOnBody: true,
    fallbackTolerance: 4,
    delay: 150,
    delayOnTouchOnly: true,
    filter: '.btn',
    preventOnFilter: false,
    onStart: () => store.hold(),
    onEnd({ item }) {
      const id = item.dataset['id']
      const place = placeOf(item)
      if (id === undefined || place === undefined) return store.release()
      void moveCard(store, deeds, id, place.list, place.at)
    },
  })
}
