import type { Board, Card, List } from '../../api.ts'
import { all, byId, el, hidden, icon, refill } from '../dom.ts'
import { countWords } from '../words.ts'
import { fillCard } from './card-element.ts'

const LISTS = byId('lists')
const NOTE = byId('board-note')
const PICK = byId<HTMLSelectElement>('pick')

/** Brings the page to what the board is, touching only what differs: nothing jumps, and the focus stays. */
export function showBoard(board: Board): void {
  const focused = document.activeElement
  byId('board-title').textContent = board.title
  byId('board-count').textContent = countWords(board.lists.flatMap(({ cards }) => cards).length, 'card')
  document.title = `${board.title} · threadwell`
  LISTS.removeAttribute('aria-busy')
  showNote(board)
  const known = new Map(all('[data-id]', LISTS).map((element) => [element.dataset['id'], element]))
  const sections = board.lists.map((list) => known.get(list.id) ?? listElement(list))
  arrange(LISTS, [NOTE, ...sections])
  for (const [at, list] of board.lists.entries()) fillList(board, list, sections[at] ?? LISTS, known)
  showPick(board)
  if (focused instanceof HTMLElement && focused !== document.activeElement && focused.isConnected) {
    focused.focus({ preventScroll: true })
  }
}

/** Makes these the children, in this order. What is in its place already is not touched. */
function arrange(parent: Element, elements: readonly Element[]): void {
  const wanted = new Set(elements)
  for (const child of [...parent.children]) if (!wanted.has(child)) child.remove()
  let next = parent.firstElementChild
  for (const element of elements) {
    if (element === next) next = element.nextElementSibling
    else parent.insertBefore(element, next)
  }
}

function fillList(
  board: Board,
  list: List,
  section: HTMLElement,
  known: ReadonlyMap<string | undefined, HTMLElement>,
): void {
  fillHeader(board, list, section)
  const elements = list.cards.map((card) => {
    const element = known.get(card.id) ?? cardElement(card)
    fillCard(element, card, board.id)
    return element
  })
  const parent = section.querySelector('.cards')
  if (parent !== null) arrange(parent, elements)
}

function cardElement(card: Card): HTMLElement {
  // Not a stop of the Tab key, which is its link; but who has clicked on it may go on with keys.
  return el('li', { class: 'card', 'data-id': card.id, tabindex: '-1' })
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
  if (header === null) return
  const pause = list.assistant && pauseButton(list.assistant.paused, list.title)
  refill(
    header,
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
    list.assistant && el('p', { class: 'list-ai' }, assistantWords(board, list)),
  )
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

function showNote(board: Board): void {
  NOTE.hidden = board.lists.length > 0
  NOTE.replaceChildren(
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
