import type { Agreement } from '#protocol'
import type { MannerReply } from '../api.ts'
import { openDialog, refusalNote } from './dialog.ts'
import { all, byId, el, say } from './dom.ts'
import { get, post } from './http.ts'
import { onManner, onState } from './live.ts'
import { createDimensionRow, type DimensionRow } from './settings/dimension-row.ts'
import { showKept } from './settings/kept.ts'
import { startShell } from './shell.ts'
import { countWords } from './words.ts'

const STATES: Readonly<Record<Agreement, string>> = {
  nothing: 'Nothing is kept.',
  settings: 'What you set and ask for is kept. Nothing is counted.',
  learning: 'What you set and ask for is kept, and counts about how you write.',
}

const rows = new Map<string, DimensionRow>()
let manner: MannerReply | undefined

startShell()
onManner(() => void load())
onState(({ hasVault }) => {
  byId('manner-vault').hidden = hasVault
})
listenToForms()
void load()
void showKept()

async function load(): Promise<void> {
  try {
    show(await get<MannerReply>('/api/manner'))
  } catch (error) {
    tellFault(error, () => void load())
  }
}

function listenToForms(): void {
  for (const input of all<HTMLInputElement>('#agreed input')) {
    input.addEventListener('change', () => void agree(input.value as Agreement))
  }
  for (const input of all<HTMLInputElement>('#mode input')) {
    const words = input.closest('label')?.firstChild?.nextSibling?.textContent ?? ''
    input.addEventListener('change', () => void change('set', { mode: input.value }, `Mode: ${words}.`))
  }
  byId('pause').addEventListener('click', () => {
    const paused = manner?.paused !== true
    void change('pause', { paused }, paused ? 'Paused. Nothing is heard or counted.' : 'Listening again.')
  })
  byId('reset-learnt').addEventListener('click', () => offerReset('learnt'))
  byId('reset-all').addEventListener('click', () => offerReset('all'))
}

/** Less than before deletes what was kept, so that is said first. */
async function agree(to: Agreement): Promise<void> {
  const from = manner?.agreed ?? 'nothing'
  const words = lossOf(from, to)
  const save = () => change('agree', { to }, STATES[to])
  if (words === undefined) return save()
  openDialog({
    title: 'Keep less?',
    body: [el('p', {}, words), el('p', { class: 'small muted' }, 'This cannot be undone.')],
    action: to === 'nothing' ? 'Delete, and keep nothing' : 'Delete the counts',
    onAction: save,
    onClose: () => manner && show(manner),
  })
}

function lossOf(from: Agreement, to: Agreement): string | undefined {
  if (to === 'nothing' && from !== 'nothing')
    return 'All that is kept about how you like to be spoken to is deleted.'
  if (to === 'settings' && from === 'learning') return 'The counts about how you write are deleted.'
  return undefined
}

function offerReset(what: 'learnt' | 'all'): void {
  const words = {
    learnt: [
      'Delete the counts?',
      'All counts about how you write are deleted. What you set stays.',
      'Delete the counts',
    ],
    all: [
      'Back to the start?',
      'What you set or asked for is deleted, and so are all counts.',
      'Delete all of it',
    ],
  } as const
  const [title, meaning, action] = words[what]
  openDialog({
    title,
    body: [el('p', {}, meaning), el('p', { class: 'small muted' }, 'This cannot be undone.')],
    action,
    onAction: () => change('reset', { what }, 'Done.'),
  })
}

type Path = 'agree' | 'set' | 'lock' | 'pause' | 'reset'

async function change(path: Path, body: object, words: string): Promise<void> {
  try {
    show(await post<MannerReply>(`/api/manner/${path}`, body))
    if (words !== '') say(words)
  } catch (error) {
    if (manner) show(manner)
    tellFault(error)
  }
}

const NOT_KEPT = ' Runa runs without coven, so nothing is written down: this holds until Runa stops.'

function show(fresh: MannerReply): void {
  manner = fresh
  const { agreed, paused, mode, days, kept, dimensions } = fresh
  const isOn = agreed !== 'nothing'
  byId('manner-fault').replaceChildren()
  // Until it was known what is kept, nothing could be chosen: less may delete something.
  byId<HTMLFieldSetElement>('agreed').disabled = false
  for (const input of all<HTMLInputElement>('#agreed input')) input.checked = input.value === agreed
  for (const input of all<HTMLInputElement>('#mode input')) input.checked = input.value === mode
  byId('manner-acts').hidden = !isOn
  byId('reset-learnt').hidden = agreed !== 'learning'
  byId('pause').setAttribute('aria-pressed', String(paused))
  const counted = agreed === 'learning' ? ` ${countWords(days, 'day')} counted.` : ''
  byId('manner-state').textContent =
    `${STATES[agreed]}${counted}${paused ? ' Paused: nothing is heard or counted. What you set holds.' : ''}${kept ? '' : NOT_KEPT}`
  byId('dimensions-panel').hidden = !isOn
  for (const explained of dimensions) rowOf(explained).show(explained)
}

function rowOf(explained: MannerReply['dimensions'][number]): DimensionRow {
  const { dimension } = explained.setting
  const known = rows.get(dimension)
  if (known) return known
  const row = createDimensionRow(explained, change)
  rows.set(dimension, row)
  byId('dimensions').append(row.element)
  return row
}

function tellFault(error: unknown, onRetry?: () => void): void {
  const note = refusalNote(error, onRetry)
  byId('manner-fault').replaceChildren(note)
  say(note.textContent ?? '')
}
