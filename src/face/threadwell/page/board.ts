import type { Card, List } from '../api.ts'
import { openCard, refreshCard } from './board/card-dialog.ts'
import { createDeeds, type Deeds } from './board/deeds.ts'
import { letDrag } from './board/drag.ts'
import { letFilter } from './board/filter.ts'
import { letKeysMove } from './board/keyboard.ts'
import { openKeys } from './board/keys-dialog.ts'
import { openAssistant, openNewList, openRename, setAssistant } from './board/list-dialogs.ts'
import { type MenuItem, openMenu } from './board/menu.ts'
import { moveCard } from './board/moving.ts'
import { openNewCard } from './board/new-card.ts'
import { type BoardStore, openBoard } from './board/store.ts'
import { showBoard, showPicked } from './board/view.ts'
import { refusalNote } from './dialog.ts'
import { byId } from './dom.ts'
import { startShell } from './shell.ts'

startShell()
start().catch((error: unknown) => {
  byId('lists').removeAttribute('aria-busy')
  byId('board-note').replaceChildren(refusalNote(error, () => location.reload()))
})

async function start(): Promise<void> {
  const store = await openBoard()
  const deeds = createDeeds(store)
  store.subscribe(showBoard)
  store.subscribe(refreshCard)
  letDrag(store, deeds)
  letFilter(store)
  letKeysMove(store, deeds, {
    newCard: () => openNewCard(store, deeds),
    showKeys: openKeys,
    openMenu: (card) => openCardMenu(store, deeds, card),
  })
  byId('pick').addEventListener('change', showPicked)
  byId('new-card').addEventListener('click', () => openNewCard(store, deeds))
  byId('new-list').addEventListener('click', () => openNewList(deeds))
  byId('keys-open').addEventListener('click', openKeys)
  byId('lists').addEventListener('click', (event) => click(event, store, deeds))
  const asked = new URLSearchParams(location.search).get('card')
  if (asked !== null) await openCard(store, deeds, asked)
}

/** One listener for all cards and lists: there may be thousands, and they come and go. */
function click(event: MouseEvent, store: BoardStore, deeds: Deeds): void {
  if (!(event.target instanceof Element)) return
  const button = event.target.closest<HTMLElement>('button, a')
  const card = event.target.closest<HTMLElement>('.card')
  const list = store.list(event.target.closest<HTMLElement>('.list')?.dataset['id'] ?? '')
  if (button === null) return
  if (card !== null) clickCard(event, button, card, store, deeds)
  else if (list === undefined) return
  else if (button.matches('.add')) openNewCard(store, deeds, list)
  else if (button.matches('.list-more')) openListMenu(store, deeds, button, list)
  else if (button.matches('.pause')) void pause(deeds, list)
}

function clickCard(
  event: MouseEvent,
  button: HTMLElement,
  card: HTMLElement,
  store: BoardStore,
  deeds: Deeds,
): void {
  const id = card.dataset['id'] ?? ''
  const isPlain = !event.ctrlKey && !event.metaKey && !event.shiftKey && event.button === 0
  if (button.matches('.more')) openCardMenu(store, deeds, card)
  if (button.matches('.retry')) store.run(id, 'retry').catch(deeds.tellFault)
  if (button.matches('.open') && isPlain) {
    event.preventDefault()
    void openCard(store, deeds, id)
  }
}

function openCardMenu(store: BoardStore, deeds: Deeds, element: HTMLElement): void {
  const id = element.dataset['id'] ?? ''
  const found = store.card(id)
  if (found === undefined) return
  const { card, list, at } = found
  const move = (target: string, place: number) => () => void moveCard(store, deeds, id, target, place)
  const items: MenuItem[] = store
    .current()
    .lists.filter((other) => other.id !== list.id)
    .map((other) => ({ words: `Move to ${other.title}`, icon: 'arrow-right', run: move(other.id, 0) }))
  if (at > 0) items.push({ words: 'Move to the top', icon: 'chevron-right', run: move(list.id, 0) })
  items.push({ words: 'Open', icon: 'pencil', run: () => void openCard(store, deeds, id) })
  const removal = () => void removeCard(deeds, card)
  items.push({ words: 'Remove', icon: 'trash-2', run: removal })
  const beside = element.querySelector<HTMLElement>('.more') ?? element
  openMenu(beside, `Actions for ${card.title}`, items)
}

async function removeCard(deeds: Deeds, card: Card): Promise<void> {
  const isDone = await deeds.tryAct({ kind: 'removeCard', card: card.id }, `Removed “${card.title}”.`, () => [
    { kind: 'restoreCard', card: card.id },
  ])
  // What had the focus is gone; the way back is the best place to be.
  if (isDone) byId('undo').focus()
}

function openListMenu(store: BoardStore, deeds: Deeds, button: HTMLElement, list: List): void {
  const at = store.current().lists.indexOf(list)
  const move = (to: number) => () =>
    void deeds.tryAct({ kind: 'moveList', list: list.id, at: to }, `Moved the list “${list.title}”.`, () => [
      { kind: 'moveList', list: list.id, at },
    ])
  const items: MenuItem[] = [
    { words: 'Assistant', icon: 'bot', run: () => void openAssistant(store, deeds, list) },
    { words: 'Rename', icon: 'pencil', run: () => openRename(deeds, list) },
  ]
  if (at > 0) items.push({ words: 'Move left', icon: 'arrow-left', run: move(at - 1) })
  if (at < store.current().lists.length - 1) {
    items.push({ words: 'Move right', icon: 'arrow-right', run: move(at + 1) })
  }
  if (list.cards.length === 0)
    items.push({ words: 'Remove', icon: 'trash-2', run: () => void removeList(store, deeds, list, at) })
  openMenu(button, `Actions for ${list.title}`, items)
}

async function removeList(store: BoardStore, deeds: Deeds, list: List, at: number): Promise<void> {
  await deeds.tryAct({ kind: 'removeList', list: list.id }, `Removed the list “${list.title}”.`, () => [
    { kind: 'addList', title: list.title, at },
    ({ created }) => ({ kind: 'setAssistant', list: created ?? '', assistant: list.assistant }),
  ])
  if (store.current().lists.length === 0) byId('new-list').focus()
}

async function pause(deeds: Deeds, list: List): Promise<void> {
  if (list.assistant === null) return
  const paused = !list.assistant.paused
  const words = paused ? `${list.title} is paused. A running card will finish.` : `${list.title} is on.`
  await setAssistant(deeds, list, { ...list.assistant, paused }, words).catch(deeds.tellFault)
}
