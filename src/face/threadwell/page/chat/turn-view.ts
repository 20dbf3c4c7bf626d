import type { Turn, Verdict } from '#protocol'
import { createFeedback } from '../answer/feedback.ts'
import { whyButton } from '../answer/why.ts'
import { el, icon } from '../dom.ts'
import { createMarkdownView } from '../markdown.ts'
import type { Source, SourcePanel } from '../sources.ts'
import { durationWords, timeWords } from '../words.ts'

/** The element of one answer, while it is written and after. */
export interface AnswerView {
  readonly element: HTMLElement
  /** Passages that the answer may name, before it has named any. */
  know(sources: readonly Source[]): void
  show(text: string): void
  /** Beside the text: what is going on, or what went wrong. */
  note(...nodes: readonly Node[]): void
  finish(turn: Turn): void
}

export function questionElement(text: string, at: number): HTMLElement {
  return el(
    'article',
    { class: 'turn me' },
    el('span', { class: 'avatar', 'aria-hidden': 'true' }, icon('user')),
    el('div', { class: 'who' }, el('b', {}, 'You'), el('small', {}, timeWords(at))),
    el('div', { class: 'text' }, ...text.split(/\n{2,}/).map((part) => el('p', {}, part))),
  )
}

/** `isKept`: whether what a person thinks of the answer can be kept with it. */
export function createAnswerView(panel: SourcePanel, isKept: boolean): AnswerView {
  const sources = new Map<number, Source>()
  const who = el('div', { class: 'who' }, el('b', {}, 'Runa'))
  const text = el('div', { class: 'text' })
  const notes = el('div', { class: 'stack-2' })
  const element = el(
    'article',
    { class: 'turn', 'aria-busy': 'true' },
    el('span', { class: 'avatar ai', 'aria-hidden': 'true' }, icon('bot')),
    who,
    text,
    notes,
  )
  const cite = (number: number) => {
    const source = sources.get(number)
    return source && panel.cite(source)
  }
  let markdown = createMarkdownView(text, cite)

  return {
    element,
    know(known) {
      for (const source of known) sources.set(source.number, source)
    },
    show: (shown) => markdown.show(shown),
    note: (...nodes) => notes.replaceChildren(...nodes),
    finish(turn) {
      element.removeAttribute('aria-busy')
      sources.clear()
      for (const citation of turn.citations) sources.set(citation.number, citation)
      // Rendered once more from the record: what is stored is what is shown, and its citations are exact now.
      const place = turn.reason === 'blocked' ? careNote(notes, turn.verdicts) : text
      text.replaceChildren()
      notes.replaceChildren(...(turn.reason === 'blocked' ? [...notes.children] : []))
      markdown = createMarkdownView(place, cite)
      markdown.show(turn.answer)
      if (turn.citations.length > 0) panel.list(turn.citations)
      if (turn.reason !== 'blocked')
        who.append(el('small', {}, `${modelWords(turn)} · ${durationWords(turn.totalMs)}`))
      notes.append(...endNotes(turn), ...actions(turn, isKept))
    },
  }
}

function modelWords({ model }: Turn): string {
  if (model.engine === 'none') return 'Nothing was written'
  return model.engine === 'extractive' ? 'Quotes' : model.id
}

/** A rule's own reply stands in place of the rest. Its words come first, calm and never red: somebody may need them. */
function careNote(notes: HTMLElement, verdicts: readonly Verdict[]): HTMLElement {
  const words = el('div', { class: 'text' })
  const rule = verdicts.find(({ action }) => action === 'block')
  const origin = 'This reply was written in advance. No model made it up.'
  notes.replaceChildren(
    el(
      'div',
      { class: 'note care', 'data-kind': 'blocked' },
      icon('shield'),
      words,
      el('p', { class: 'xs quiet' }, rule === undefined ? origin : `${origin} Rule: ${rule.dimension}.`),
    ),
  )
  return words
}

const ENDINGS: Readonly<Record<string, string>> = {
  stopped: 'Stopped by you. What was written so far stays here.',
  failed: 'The answer broke off. What was written so far stays here. You can ask again.',
  length: 'The answer reached its limit of length. Ask it to go on.',
  'no-match': 'Nothing in the chosen documents fits this question. Try other words, or add documents.',
}

function endNotes(turn: Turn): HTMLElement[] {
  const notes: HTMLElement[] = []
  const ending = ENDINGS[turn.reason]
  if (ending !== undefined) notes.push(note('info', ending))
  for (const { detail } of turn.notices) notes.push(note('info', detail))
  const masked = turn.verdicts.filter(({ action }) => action === 'mask').length
  if (masked > 0) notes.push(note('shield', 'A safety rule hid what looks like a key.'))
  if (turn.model.engine === 'extractive' && turn.reason !== 'blocked') {
    const link = el('a', { href: '/models' }, 'Add a model')
    notes.push(note('info', 'These are quotes. Answers in new words need a model. ', link))
  }
  return notes
}

function note(name: 'info' | 'shield', words: string, link?: HTMLElement): HTMLElement {
  return el('div', { class: 'note calm' }, icon(name), el('p', { class: 'small' }, words, link))
}

function actions(turn: Turn, isKept: boolean): HTMLElement[] {
  const row = el('div', { class: 'acts-row' }, copyButton(turn.answer), whyButton(turn.id))
  if (!isKept) return [row]
  const feedback = createFeedback(turn.id, turn.feedback)
  row.append(el('span', { class: 'sep' }), ...feedback.buttons)
  return [row, feedback.words]
}

function copyButton(text: string): HTMLElement {
  const copied = el('span', {}, 'Copy')
  const copy = async () => {
    await navigator.clipboard.writeText(text).then(
      () => {
        copied.textContent = 'Copied'
      },
      () => {
        copied.textContent = 'Not copied: the browser refused'
      },
    )
  }
  return el(
    'button',
    { class: 'btn plain sm', type: 'button', click: () => void copy() },
    icon('copy', 'sm'),
    copied,
  )
}
