import type { Board, Card, Change, List, PersonasReply } from '../../api.ts'
import { areaField, type Dialog, openDialog, selectField, textField } from '../dialog.ts'
import { byId, el, icon } from '../dom.ts'
import { get } from '../http.ts'
import { createSourcePanel } from '../sources.ts'
import { reasonOf, statePill } from './card-element.ts'
import { createComments } from './comments.ts'
import type { Deeds } from './deeds.ts'
import { focusCard } from './keyboard.ts'
import { moveCard } from './moving.ts'
import type { BoardStore } from './store.ts'

let opened: { readonly id: string; readonly show: () => void; readonly dialog: Dialog } | undefined

/** Everything on one card. What others change appears in it; what the person is writing stays. */
export async function openCard(store: BoardStore, deeds: Deeds, id: string): Promise<void> {
  const found = store.card(id)
  if (found === undefined) return deeds.tell('That card is not on this board. It may have been removed.')
  if (opened?.id === id) return
  const { personas } = await get<PersonasReply>('/api/personas').catch(() => ({ personas: [] }))
  // Two quick clicks wait for the same answer; the first has opened the card by then.
  if (opened !== undefined) return
  const form = createForm(found.card, found.list, store.current(), personas)
  const sources = el('ol', { class: 'stack-2' })
  const none = el('p', { class: 'small quiet' }, 'Numbers in a result open their passage here.')
  const comments = createComments(createSourcePanel(sources, none), (text) =>
    deeds.tryAct({ kind: 'addComment', card: id, text }, 'The comment is added.', () => []),
  )
  const run = el('div', { class: 'row wrap' })
  const aside = el(
    'aside',
    { class: 'stack', 'aria-label': 'Sources' },
    el('h3', {}, 'Sources'),
    none,
    sources,
  )
  const show = () => {
    const now = store.card(id)
    if (now === undefined) return opened?.dialog.close()
    showRun(run, now.card, now.list, store, deeds)
    comments.show(now.card.comments)
  }
  setAddress(`?card=${id}`)
  const dialog = openDialog({
    title: 'Card',
    width: 'wide',
    body: [
      el(
        'div',
        { class: 'detail' },
        el('div', { class: 'stack-5' }, run, form.element, comments.element),
        aside,
      ),
    ],
    action: 'Save card',
    isDirty: () => comments.isDirty() || isChanged(store, id, form),
    async onAction() {
      await save(store, deeds, id, form)
    },
    onClose() {
      opened = undefined
      setAddress('')
      focusCard(byId('lists').querySelector<HTMLElement>(`.card[data-id="${id}"]`))
    },
  })
  opened = { id, show, dialog }
  show()
}

/** Brings an open card to what the board says now. */
export function refreshCard(): void {
  opened?.show()
}

function setAddress(query: string): void {
  history.replaceState(null, '', `${location.pathname}${query}`)
}

type Form = ReturnType<typeof createForm>

function createForm(card: Card, list: List, board: Board, personas: PersonasReply['personas']) {
  const title = textField('Title', card.title, { required: true, maxlength: 200 })
  const text = areaField('Text', card.text, { maxlength: 20_000, rows: 5 })
  const labels = textField('Labels, with commas between them', card.labels.join(', '), { maxlength: 500 })
  const lists = selectField(
    'List',
    board.lists.map(({ id, title: words }) => [id, words] as const),
    list.id,
  )
  const persona = selectField(
    'Persona',
    [['', 'As the list says'], ...personas.map(({ id, name }) => [id, name] as const)],
    card.persona ?? '',
  )
  const prompt = areaField('What should the assistant do with this card?', card.prompt ?? '', {
    rows: 2,
    maxlength: 8_000,
  })
  const assistant = el(
    'details',
    { class: 'plain' },
    el('summary', {}, icon('chevron-right', 'sm'), 'For the assistant'),
    el('div', { class: 'stack' }, persona.element, prompt.element),
  )
  const parts = [
    title.element,
    text.element,
    el('div', { class: 'grid-2' }, lists.element, labels.element),
    assistant,
  ]
  return { element: el('div', { class: 'stack' }, ...parts), title, text, labels, lists, persona, prompt }
}

type Fields = Pick<Card, 'title' | 'text' | 'labels' | 'persona' | 'prompt'>

function fieldsOf({ title, text, labels, persona, prompt }: Card): Fields {
  return { title, text, labels, persona, prompt }
}

function written(form: Form): Fields {
  const labels = form.labels.input.value.split(',').map((label) => label.trim())
  return {
    title: form.title.input.value.trim(),
    text: form.text.input.value,
    labels: [...new Set(labels.filter((label) => label !== ''))],
    persona: form.persona.input.value || null,
    prompt: form.prompt.input.value.trim() || null,
  }
}

function isChanged(store: BoardStore, id: string, form: Form): boolean {
  const found = store.card(id)
  return found !== undefined && JSON.stringify(written(form)) !== JSON.stringify(fieldsOf(found.card))
}

async function save(store: BoardStore, deeds: Deeds, id: string, form: Form): Promise<void> {
  const found = store.card(id)
  if (found === undefined) return
  if (isChanged(store, id, form)) {
    const fields = written(form)
    const before: Change = { kind: 'editCard', card: id, ...fieldsOf(found.card) }
    await deeds.act({ kind: 'editCard', card: id, ...fields }, `Saved “${fields.title}”.`, () => [before])
  }
  const target = form.lists.input.value
  if (target !== found.list.id) await moveCard(store, deeds, id, target, 0)
}

/** What the assistant does with the card, why, and what can be done about it. */
function showRun(place: HTMLElement, card: Card, list: List, store: BoardStore, deeds: Deeds): void {
  const act = (action: 'start' | 'cancel' | 'retry') => () => {
    store.run(card.id, action).catch(deeds.tellFault)
  }
  const button = (words: string, action: 'start' | 'cancel' | 'retry') =>
    el('button', { class: 'btn sm', type: 'button', click: act(action) }, words)
  const state = card.run?.state
  place.hidden = card.run === null && list.assistant === null
  place.replaceChildren(
    ...(card.run === null ? [] : [statePill(card.run.state), el('p', { class: 'why' }, reasonOf(card))]),
    ...(state === 'queued' || state === 'running' ? [button('Stop', 'cancel')] : []),
    ...(state === 'failed' || state === 'needs-you' ? [button('Try again', 'retry')] : []),
    ...(list.assistant !== null && (state === undefined || state === 'done')
      ? [button('Start the assistant', 'start')]
      : []),
  )
}
