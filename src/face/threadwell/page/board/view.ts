import type { Board, Card, List } from '../../api.ts'
import { all, byId, el, hidden, icon } from '../dom.ts'
import { countWords } from '../words.ts'
import { fillCard } from './card-element.ts'

const LISTS = byId('lists')
const PICK = byId<HTMLSelectElement>('pick')

/** Brings the page to what the board is, touching only what differs: nothing jumps, and the focus stays. */
export function showBoard(board: Board): void {
  const focused = document.activeElement
  byId('board-title').textContent = board.title
  byId('board-count').textContent = countWords(board.lists.flatMap(({ cards }) => cards).length, 'card')
  document.title = `${board.title} · threadwell`
  LISTS.removeAttribute('aria-busy')
  byId('board-note').hidden = board.lists.length > 0
  if (board.lists.length === 0) showEmpty()
  arrange(LISTS, board.lists, 'list', (list) => listElement(list))
  const cards = new Map(all('.card', LISTS).map((element) => [element.dataset['id'] ?? '', element]))
  for (const list of board.lists) fillList(board, list, cards)
  showPick(board)
  if (focused instanceof HTMLElement && focused !== document.activeElement && focused.isConnected) {
    focused.focus({ preventScroll: true })
  }
}

/** Puts elements into the order of their items: makes those that are missing, removes those that are gone. */
function arrange<Item extends { readonly id: string }>(
  parent: HTMLElement,
  items: readonly Item[],
  kind: string,
  make: (item: Item) => HTMLElement,
  known = new Map(all(`:scope > .${kind}`, parent).map((element) => [element.dataset['id'] ?? '', element])),
): void {
  const wanted = new Set(items.map(({ id }) => id))
  for (const element of all(`:scope > .${kind}`, parent)) {
    if (!wanted.has(element.dataset['id'] ?? '')) element.remove()
  }
  let next = parent.querySelector<HTMLElement>(`:scope > .${kind}`)
  for (const item of items) {
    const element = known.get(item.id) ?? make(item)
    if (element === next) next = nextOf(element, kind)
    else parent.insertBefore(element, next)
  }
}

function nextOf(element: HTMLElement, kind: string): HTMLElement | null {
  const next = element.nextElementSibling
  return next instanceof HTMLElement && next.classList.contains(kind) ? next : null
}

function fillList(board: Board, list: List, cards: Map<string, HTMLElement>): void {
  const section = LISTS.querySelector<HTMLElement>(`:scope > [data-id="${list.id}"]`)
  const parent = section?.querySelector<HTMLElement>('.cards')
  if (!section || !parent) return
  fillHeader(board, list, section)
  arrange(parent, list.cards, 'card', cardElement, cards)
  for (const card of list.cards) {
    const element = parent.querySelector<HTMLElement>(`:scope > [data-id="${card.id}"]`)
    if (element) fillCard(element, card, board.id)
  }
}

function cardElement(card: Card): HTMLElement {
  return el('li', { class: 'card', 'data-id': card.id })
}

function listElement(list: List): HTMLElement {
  const title = `list-${list.id}`
  return el(
    'section',
    { class: 'list', 'data-id': list.id, 'aria-labelledby': title },
    el('header', {}, el('div', { class: 'line' }, el('h2', { id: title }))),
    el('ul', { class: 'cards', 'aria-labelledby': title }),
  )
}

function fillHeader(board: Board, list: List, section: HTMLElement): void {
  const shown = JSON.stringify([
    list.title,
    list.assistant,
    list.cards.length,
    board.lists.map(({ title }) => title),
  ])
  if (section.dataset['shown'] === shown) return
  section.dataset['shown'] = shown
  section.classList.toggle('ai', list.assistant !== null)
  const header = section.querySelector('header')
  const focused = header?.contains(document.activeElement) ? document.activeElement?.className : undefined
  const pause = list.assistant && pauseButton(list.assistant.paused, list.title)
  header?.replaceChildren(
    el(
      'div',
      { class: 'line' },
      el(
        'h2',
        { id: `list-${list.id}` },
        list.assistant && icon('bot'),
        el('span', {}, list.title),
        ' ',
        el('span', { class: 'n' }, list.cards.length, hidden(' cards')),
      ),
      el(
        'span',
        { class: 'push row tight' },
        pause,
        headerButton('list-more', `Actions for ${list.title}`, 'ellipsis'),
        headerButton('add', `Add a card to ${list.title}`, 'plus'),
      ),
    ),
    (list.assistant && el('p', { class: 'list-ai' }, assistantWords(board, list))) || '',
  )
  if (focused !== undefined) header?.querySelector<HTMLElement>(`.${focused.split(' ').at(-1)}`)?.focus()
}

function pauseButton(isPaused: boolean, title: string): HTMLElement {
  return el(
    'button',
    { class: 'btn sm pause', type: 'button' },
    icon(isPaused ? 'circle-play' : 'circle-pause', 'sm'),
    isPaused ? 'Go on' : 'Pause',
    hidden(`: ${title}`),
  )
}

function headerButton(name: string, words: string, picture: 'ellipsis' | 'plus'): HTMLElement {
  return el('button', { class: `btn plain sm icon ${name}`, type: 'button' }, icon(picture), hidden(words))
}

function assistantWords(board: Board, list: List): string {
  if (list.assistant === null) return ''
  const target = board.lists.find(({ id }) => id === list.assistant?.resultsTo)
  const where = target === undefined ? 'Results stay here.' : `Results go to ${target.title}.`
  return list.assistant.paused ? 'Paused. Cards wait here.' : `On. ${where}`
}

function showEmpty(): void {
  byId('board-note').replaceChildren(
    icon('square-kanban'),
    el('b', {}, 'This board is empty.'),
    el('span', {}, 'Add a list. Then add cards to it.'),
  )
}

/** On a phone, one list is shown at a time. */
function showPick(board: Board): void {
  const chosen = board.lists.some(({ id }) => id === PICK.value) ? PICK.value : board.lists[0]?.id
  PICK.replaceChildren(
    ...board.lists.map((list) =>
      el(
        'option',
        { value: list.id, selected: list.id === chosen },
        `${list.title}, ${countWords(list.cards.length, 'card')}`,
      ),
    ),
  )
  showPicked()
}

export function showPicked(): void {
  for (const list of all('.list', LISTS)) list.classList.toggle('shown', list.dataset['id'] === PICK.value)
}
