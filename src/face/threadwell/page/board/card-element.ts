import type { Card, RunState } from '../../api.ts'
import { el, hidden, icon, refill } from '../dom.ts'
import { countWords } from '../words.ts'

const STATES = {
  queued: { look: 'queue', icon: 'clock', word: 'Queued' },
  running: { look: 'run', icon: 'circle-play', word: 'Running' },
  done: { look: 'ok', icon: 'circle-check', word: 'Done' },
  failed: { look: 'fail', icon: 'triangle-alert', word: 'Failed' },
  'needs-you': { look: 'need', icon: 'hand', word: 'Needs you' },
} as const satisfies Record<RunState, unknown>

/** Icon, word and reason: colour is only the fourth sign. */
export function statePill(state: RunState): HTMLElement {
  const { look, icon: name, word } = STATES[state]
  return el('span', { class: `pill st-${look}` }, icon(name, 'sm'), word)
}

export function reasonOf(card: Card): string {
  if (card.run === null) return ''
  if (card.run.reason !== '') return card.run.reason
  if (card.run.state === 'queued') return 'In line. It starts by itself.'
  if (card.run.state === 'running') return 'The assistant works on it.'
  if (card.run.state === 'done') return 'The result is in the comments.'
  return ''
}

function tintOf(label: string): number {
  // Only four tints: a label keeps its own wherever it stands.
  return ([...label].reduce((sum, letter) => sum + (letter.codePointAt(0) ?? 0), 0) % 4) + 1
}

/** What a card shows on the board. Its element stays; this replaces its content where that has changed. */
export function fillCard(element: HTMLElement, card: Card, boardId: string): void {
  const shown = JSON.stringify([card.title, card.labels, card.run, card.comments.length, card.text !== ''])
  if (element.dataset['shown'] === shown) return
  element.dataset['shown'] = shown
  element.dataset['state'] = card.run?.state ?? 'none'
  refill(
    element,
    el(
      'h3',
      {},
      el('a', { class: 'open', href: `/board/${boardId}?card=${card.id}`, draggable: 'false' }, card.title),
    ),
    el(
      'button',
      { class: 'btn plain sm icon more', type: 'button', 'aria-haspopup': 'menu' },
      icon('ellipsis'),
      hidden(`Actions for ${card.title}`),
    ),
    ...stateParts(card),
    ...metaParts(card),
  )
}

function stateParts(card: Card): HTMLElement[] {
  if (card.run === null) return []
  const parts = [
    el('div', { class: 'st' }, statePill(card.run.state), el('p', { class: 'why' }, reasonOf(card))),
  ]
  if (card.run.state === 'failed') {
    const retry = el(
      'button',
      { class: 'btn sm retry', type: 'button' },
      'Try again',
      hidden(`: ${card.title}`),
    )
    parts.push(el('div', { class: 'acts' }, retry))
  }
  return parts
}

function metaParts(card: Card): HTMLElement[] {
  const { labels, comments } = card
  const tags = labels.map((label) => el('span', { class: `tag t${tintOf(label)}` }, label))
  const parts: HTMLElement[] = [...tags]
  if (comments.length > 0) {
    const words = countWords(comments.length, 'comment')
    parts.push(
      el(
        'span',
        { class: 'opt-meta' },
        icon('message-circle', 'sm'),
        hidden(words),
        el('span', { 'aria-hidden': 'true' }, comments.length),
      ),
    )
  }
  if (card.text !== '')
    parts.push(el('span', { class: 'opt-meta' }, icon('file-text', 'sm'), hidden('Has a text')))
  return parts.length === 0 ? [] : [el('div', { class: 'meta' }, ...parts)]
}
