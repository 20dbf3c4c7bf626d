import type { Board, Card } from '../../api.ts'
import { all, byId, el, say } from '../dom.ts'
import { countWords } from '../words.ts'
import type { BoardStore } from './store.ts'

const WORDS = byId<HTMLInputElement>('filter-words')
const LABEL = byId<HTMLSelectElement>('filter-label')
const CHIPS = all('[data-filter]')

/** Hides the cards that do not match. They stay where they are, and so do the lists. */
export function letFilter(store: BoardStore): void {
  const apply = () => hide(store.current())
  const applyAndSay = () => say(`${countWords(apply(), 'card')} shown.`)
  WORDS.addEventListener('input', applyAndSay)
  LABEL.addEventListener('change', applyAndSay)
  for (const chip of CHIPS) {
    chip.addEventListener('click', () => {
      chip.setAttribute('aria-pressed', String(!isPressed(chip)))
      applyAndSay()
    })
  }
  byId('filter-clear').addEventListener('click', () => {
    WORDS.value = ''
    LABEL.value = ''
    for (const chip of CHIPS) chip.setAttribute('aria-pressed', 'false')
    applyAndSay()
    WORDS.focus()
  })
  store.subscribe((board) => {
    showCounts(board)
    showLabels(board)
    apply()
  })
}

function isPressed(chip: HTMLElement): boolean {
  return chip.getAttribute('aria-pressed') === 'true'
}

function showCounts(board: Board): void {
  const cards = board.lists.flatMap((list) => list.cards)
  for (const chip of CHIPS) {
    const count = cards.filter(({ run }) => run?.state === chip.dataset['filter']).length
    const number = chip.querySelector('b')
    if (number) number.textContent = String(count)
  }
}

function showLabels(board: Board): void {
  const labels = [...new Set(board.lists.flatMap(({ cards }) => cards.flatMap((card) => card.labels)))].sort()
  const chosen = labels.includes(LABEL.value) ? LABEL.value : ''
  LABEL.replaceChildren(
    el('option', { value: '' }, 'All labels'),
    ...labels.map((label) => el('option', { value: label, selected: label === chosen }, label)),
  )
}

function hide(board: Board): number {
  const words = WORDS.value.trim().toLowerCase()
  const states = CHIPS.filter(isPressed).map((chip) => chip.dataset['filter'] ?? '')
  const matches = (card: Card) =>
    `${card.title} ${card.text} ${card.labels.join(' ')}`.toLowerCase().includes(words) &&
    (states.length === 0 || states.includes(card.run?.state ?? '')) &&
    (LABEL.value === '' || card.labels.includes(LABEL.value))
  const shown = new Set(board.lists.flatMap(({ cards }) => cards.filter(matches)).map(({ id }) => id))
  for (const card of all('.list .card')) card.hidden = !shown.has(card.dataset['id'] ?? '')
  for (const cards of all('.cards')) {
    const count = all('.card', cards).length
    cards.toggleAttribute('data-empty', count > 0 && all('.card:not([hidden])', cards).length === 0)
  }
  const isFiltering = words !== '' || states.length > 0 || LABEL.value !== ''
  byId('filter-clear').hidden = !isFiltering
  return shown.size
}
