import { all, byId, isTyping, say } from '../dom.ts'
import { areKeysOn } from '../preferences.ts'
import type { Deeds } from './deeds.ts'
import { moveCard, placeOf } from './moving.ts'
import type { BoardStore } from './store.ts'

/** What keys start that other parts do. */
export interface KeyDeeds {
  newCard(): void
  showKeys(): void
  openMenu(card: HTMLElement): void
}

/** A card that was picked up, until it is put down. */
let picked: HTMLElement | null = null

/** Moving by keyboard: Space picks up, arrows move, Space puts down, Escape puts back. */
export function letKeysMove(store: BoardStore, deeds: Deeds, more: KeyDeeds): void {
  addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return
    if (document.querySelector('dialog[open]') !== null || isTyping(event.target)) return
    const target = event.target instanceof Element ? event.target : document.body
    if (target.closest('[popover]') !== null) return
    const card = target.closest<HTMLElement>('.card')
    if (picked !== null) movePicked(event, picked, store, deeds)
    else if (card !== null && event.key === ' ' && target.matches('.open, .card')) pickUp(event, card, store)
    else if (areKeysOn()) letter(event, card, deeds, more)
  })
  // Whoever turns to something else lets go of the card.
  addEventListener('pointerdown', () => {
    if (picked !== null) putBack(picked, store)
  })
}

function pickUp(event: Event, card: HTMLElement, store: BoardStore): void {
  event.preventDefault()
  picked = card
  card.dataset['grabbed'] = ''
  store.hold()
  say(`Picked up ${titleOf(card)}. Arrow keys move it. Space puts it down. Escape puts it back.`)
}

function movePicked(event: KeyboardEvent, card: HTMLElement, store: BoardStore, deeds: Deeds): void {
  if (event.key !== 'Tab') event.preventDefault()
  if (event.key === ' ' || event.key === 'Enter') putDown(card, store, deeds)
  if (event.key === 'Escape' || event.key === 'Tab') putBack(card, store)
  if (event.key === 'ArrowUp') visible(card, 'previousElementSibling')?.before(card)
  if (event.key === 'ArrowDown') visible(card, 'nextElementSibling')?.after(card)
  if (event.key === 'ArrowLeft') listBeside(card, -1)?.prepend(card)
  if (event.key === 'ArrowRight') listBeside(card, 1)?.prepend(card)
  if (!event.key.startsWith('Arrow')) return
  focusCard(card)
  const siblings = all('.card:not([hidden])', card.parentElement ?? document)
  say(`${listTitleOf(card)}, position ${siblings.indexOf(card) + 1} of ${siblings.length}.`)
}

function putDown(card: HTMLElement, store: BoardStore, deeds: Deeds): void {
  const id = card.dataset['id']
  const place = placeOf(card)
  letGo(card)
  if (id === undefined || place === undefined) {
    store.release()
    return
  }
  const before = store.card(id)
  if (before?.list.id === place.list && before.at === place.at) say('Put down in the same place.')
  void moveCard(store, deeds, id, place.list, place.at)
}

function putBack(card: HTMLElement, store: BoardStore): void {
  letGo(card)
  store.release()
  focusCard(card)
  say('Put back.')
}

function letGo(card: HTMLElement): void {
  delete card.dataset['grabbed']
  picked = null
}

/** Single letters; a person can switch them off. */
function letter(event: KeyboardEvent, card: HTMLElement | null, deeds: Deeds, more: KeyDeeds): void {
  const cards = all('.list .card:not([hidden])').filter((element) => element.offsetParent !== null)
  const at = card === null ? -1 : cards.indexOf(card)
  const doings: Readonly<Record<string, () => void>> = {
    '/': () => byId('filter-words').focus(),
    '?': more.showKeys,
    n: more.newCard,
    z: () => void deeds.undo(),
    j: () => focusCard(cards[at + 1]),
    k: () => focusCard(cards[Math.max(0, at - 1)]),
    h: () => card && focusCard(listBeside(card, -1)?.querySelector('.card:not([hidden])')),
    l: () => card && focusCard(listBeside(card, 1)?.querySelector('.card:not([hidden])')),
    m: () => card && more.openMenu(card),
  }
  const doing = doings[event.key.toLowerCase()]
  if (doing === undefined) return
  event.preventDefault()
  doing()
}

export function focusCard(card: HTMLElement | null | undefined): void {
  card?.querySelector<HTMLElement>('.open')?.focus()
}

function listBeside(card: HTMLElement, step: number): HTMLElement | undefined {
  const lists = all('.list')
  const at = lists.findIndex((list) => list.contains(card))
  return lists[at + step]?.querySelector<HTMLElement>('.cards') ?? undefined
}

/** The next card that is shown: those that a filter hides are passed over. */
function visible(card: HTMLElement, side: 'previousElementSibling' | 'nextElementSibling'): Element | null {
  let found = card[side]
  while (found instanceof HTMLElement && found.hidden) found = found[side]
  return found
}

function titleOf(card: HTMLElement): string {
  return card.querySelector('h3')?.textContent ?? ''
}

function listTitleOf(card: HTMLElement): string {
  return card.closest('.list')?.querySelector('h2 > span')?.textContent ?? ''
}
