import type { Feedback, RememberedTurn, Utterance } from '#protocol'
import { el, icon } from '../dom.ts'
import { markedWords } from '../highlight.ts'
import { clockWords, excerpt, timeWords } from '../words.ts'
import type { NameOf } from './speakers.ts'

/** A turn as the list shows it. Where it was found by words, only what fits them. */
export type ShownTurn = RememberedTurn & { readonly feedback?: Feedback | undefined }

/** Where a turn can be read among those around it. */
export interface Place {
  readonly path: string
  readonly words: string
}

export interface ItemWays {
  readonly nameOf: NameOf
  readonly placeOf: (turn: ShownTurn) => Place
  readonly isChosen: (turn: string) => boolean
  readonly choose: (turn: string, isChosen: boolean) => void
  /** What was searched for; empty where nothing was. */
  readonly query: string
}

export function turnItem(turn: ShownTurn, ways: ItemWays): HTMLElement {
  const [first] = turn.utterances
  const box = el('input', {
    type: 'checkbox',
    checked: ways.isChosen(turn.id),
    'aria-label': `Choose this turn: ${excerpt(first?.text ?? '', 60)}`,
    change: () => ways.choose(turn.id, box.checked),
  })
  const said = el('div', { class: 'stack-2' })
  const isLong = turn.utterances.some(({ text }) => excerpt(inOneLine(text)) !== text)
  const whole = el(
    'button',
    { class: 'btn plain sm', type: 'button', 'aria-expanded': 'false' },
    'Show all of it',
  )
  const show = (isWhole: boolean) =>
    said.replaceChildren(...turn.utterances.map((utterance) => paragraph(utterance, isWhole, ways)))
  whole.addEventListener('click', () => {
    const isWhole = whole.getAttribute('aria-expanded') === 'false'
    whole.setAttribute('aria-expanded', String(isWhole))
    whole.textContent = isWhole ? 'Show less of it' : 'Show all of it'
    show(isWhole)
  })
  show(false)
  const place = ways.placeOf(turn)
  return el(
    'li',
    { class: 'tl-item', 'data-id': turn.id },
    box,
    el('time', {}, ways.query === '' ? clockWords(turn.at) : timeWords(turn.at)),
    el(
      'div',
      { class: 'stack-2 tight' },
      said,
      el(
        'footer',
        {},
        el('a', { href: place.path }, place.words),
        ...feedbackWords(turn.feedback),
        isLong && whole,
      ),
    ),
  )
}

function paragraph({ speaker, text }: Utterance, isWhole: boolean, ways: ItemWays): HTMLElement {
  const shown = isWhole ? text : excerpt(inOneLine(text))
  const pieces = ways.query === '' ? [{ text: shown, isMarked: false }] : markedWords(shown, ways.query)
  return el(
    'p',
    { class: speaker === 'you' ? 'said-text' : 'said-text of' },
    el('b', {}, `${ways.nameOf(speaker)}: `),
    ...pieces.map((piece) => (piece.isMarked ? el('mark', {}, piece.text) : piece.text)),
  )
}

function inOneLine(text: string): string {
  return text.replace(/\s+/g, ' ')
}

function feedbackWords(feedback: Feedback | undefined): HTMLElement[] {
  if (feedback === undefined) return []
  const { verdict, correction } = feedback
  const words = (name: 'thumbs-up' | 'thumbs-down' | 'pencil', text: string) =>
    el('span', { class: 'marked' }, icon(name, 'sm'), text)
  return [
    ...(verdict === 'up' ? [words('thumbs-up', 'You found it helpful.')] : []),
    ...(verdict === 'down' ? [words('thumbs-down', 'You found it not helpful.')] : []),
    ...(correction === undefined ? [] : [words('pencil', `You corrected it: “${excerpt(correction, 120)}”`)]),
  ]
}
