import { openDialog } from '../dialog.ts'
import { el } from '../dom.ts'
import { areKeysOn } from '../preferences.ts'

const ALWAYS: readonly (readonly [string, string])[] = [
  ['Tab', 'Go to the next card or button.'],
  ['Space', 'Pick up the card. Arrow keys move it. Space puts it down. Escape puts it back.'],
  ['Enter', 'Open the card.'],
]

const LETTERS: readonly (readonly [string, string])[] = [
  ['J K', 'Go to the next or previous card.'],
  ['H L', 'Go to the list on the left or right.'],
  ['M', 'Choose a list to move the card to.'],
  ['N', 'Add a card.'],
  ['Z', 'Undo the last change. You can undo 50 changes.'],
  ['/', 'Filter cards.'],
  ['?', 'Show these keys.'],
]

export function openKeys(): void {
  const off = 'Single-letter keys are off. View switches them on.'
  openDialog({
    title: 'Keys',
    body: [
      keyList(ALWAYS),
      areKeysOn() ? keyList(LETTERS) : el('p', { class: 'small muted' }, off),
      ...(areKeysOn() ? [el('p', { class: 'small muted' }, 'View switches the single letters off.')] : []),
    ],
  })
}

function keyList(keys: readonly (readonly [string, string])[]): HTMLElement {
  const rows = keys.flatMap(([names, words]) => [
    el('dt', {}, ...names.split(' ').flatMap((name) => [el('kbd', {}, name), ' '])),
    el('dd', {}, words),
  ])
  return el('dl', { class: 'kv keys-list' }, ...rows)
}
