import type { KeepingReply } from '../../api.ts'
import { refusalNote } from '../dialog.ts'
import { byId, el, icon } from '../dom.ts'
import { get } from '../http.ts'

/** What keeps things closed, in plain words: what it protects against, and what not. */
const LOCKS: Readonly<Record<KeepingReply['unlockedBy'], (keyFile: string) => readonly [string, string]>> = {
  passphrase: () => [
    'Sealed, under your passphrase.',
    'Whoever takes this disk cannot read what you said. Whoever sits at this computer while Runa runs can.',
  ],
  'key-file': (keyFile) => [
    'Sealed, under a key file on this disk.',
    `The key is ${keyFile}. It keeps what you said out of copies that leave this file out. It does not help against whoever has the whole disk, or your account. A passphrase does more: “npx runa down”, then “npx runa secret passphrase”.`,
  ],
  nothing: () => [
    'Runa runs without its vault.',
    'Nothing that you say is kept: every chat is off the record. To keep things, sealed, stop Runa with “npx runa down” and start it with “npx runa up”.',
  ],
}

export async function showKept(): Promise<void> {
  const place = byId('kept')
  try {
    const { unlockedBy, keyFile, places } = await get<KeepingReply>('/api/keeping')
    const [title, words] = LOCKS[unlockedBy](keyFile)
    const look = { nothing: 'note st-need', 'key-file': 'note', passphrase: 'note st-ok' }[unlockedBy]
    place.replaceChildren(
      el(
        'div',
        { class: look, 'data-lock': unlockedBy },
        icon(unlockedBy === 'nothing' ? 'lock-open' : 'lock'),
        el('p', { class: 't' }, title),
        el('p', { class: 'small' }, words),
      ),
      el(
        'details',
        { class: 'plain' },
        el('summary', {}, icon('chevron-right', 'sm'), 'Where things lie'),
        el(
          'dl',
          { class: 'places small' },
          ...places.flatMap((entry) => placeRows(entry, unlockedBy !== 'nothing')),
        ),
      ),
    )
  } catch (error) {
    place.replaceChildren(refusalNote(error, () => void showKept()))
  }
}

function placeRows({ what, path, kept }: KeepingReply['places'][number], isSealing: boolean): HTMLElement[] {
  const words =
    kept === 'clear' ? 'as it is, so that you can read and copy it' : isSealing ? 'sealed' : 'not kept now'
  return [
    el('dt', {}, what),
    el('dd', {}, el('span', { class: 'mono' }, path), el('span', { class: 'xs quiet block' }, words)),
  ]
}
