import type { Assistant, Board, List, PersonasReply, TopicsReply } from '../../api.ts'
import { areaField, openDialog, selectField, textField } from '../dialog.ts'
import { el } from '../dom.ts'
import { get } from '../http.ts'
import type { Deeds } from './deeds.ts'
import type { BoardStore } from './store.ts'

const TITLE = { required: true, maxlength: 200, autofocus: true }

export function openNewList(deeds: Deeds): void {
  const title = textField('Name of the list', '', TITLE)
  openDialog({
    title: 'New list',
    body: [title.element],
    action: 'Add list',
    async onAction() {
      const words = `Added the list “${title.input.value}”.`
      await deeds.act({ kind: 'addList', title: title.input.value }, words, ({ created }) =>
        created === null ? [] : [{ kind: 'removeList', list: created }],
      )
    },
  })
}

export function openRename(deeds: Deeds, list: List): void {
  const title = textField('Name of the list', list.title, TITLE)
  openDialog({
    title: 'Rename this list',
    body: [title.element],
    action: 'Rename list',
    async onAction() {
      const words = `Renamed the list to “${title.input.value}”.`
      await deeds.act({ kind: 'renameList', list: list.id, title: title.input.value }, words, () => [
        { kind: 'renameList', list: list.id, title: list.title },
      ])
    },
  })
}

export async function setAssistant(
  deeds: Deeds,
  list: List,
  assistant: Assistant | null,
  words: string,
): Promise<void> {
  await deeds.act({ kind: 'setAssistant', list: list.id, assistant }, words, () => [
    { kind: 'setAssistant', list: list.id, assistant: list.assistant },
  ])
}

/** Who works on the cards of a list, with what, and where the results go. */
export async function openAssistant(store: BoardStore, deeds: Deeds, list: List): Promise<void> {
  const [{ personas }, { topics }] = await Promise.all([
    get<PersonasReply>('/api/personas').catch(() => ({ personas: [] })),
    get<TopicsReply>('/api/topics').catch(() => ({ topics: [] })),
  ])
  const current = list.assistant
  const isOn = checkbox('An assistant works on the cards of this list', current !== null, 'on')
  const persona = selectField(
    'Persona',
    personas.map(({ id, name }) => [id, name] as const),
    current?.persona ?? 'default',
  )
  const prompt = areaField('What should it do with each card?', current?.prompt ?? '', { maxlength: 8_000 })
  prompt.input.placeholder = 'For example: Answer the question on the card in short sentences.'
  const chosen = new Set(current?.topics ?? [])
  const looking = topics.map(({ name }) => checkbox(name, chosen.has(name), name))
  const target = selectField('Results go to', targets(store.current(), list), current?.resultsTo ?? '')
  const isPaused = checkbox('Paused: cards wait', current?.paused ?? false, 'paused')
  const details = el(
    'div',
    { class: 'stack' },
    persona.element,
    prompt.element,
    el(
      'fieldset',
      { class: 'choices' },
      el('legend', { class: 'label' }, 'Documents it may use'),
      ...looking.map(({ element }) => element),
    ),
    target.element,
    isPaused.element,
  )
  const showDetails = () => {
    details.hidden = !isOn.input.checked
  }
  isOn.input.addEventListener('change', showDetails)
  showDetails()
  openDialog({
    title: `Who works on ${list.title}?`,
    body: [isOn.element, details],
    action: 'Save',
    async onAction() {
      const assistant: Assistant = {
        persona: persona.input.value || 'default',
        prompt: prompt.input.value,
        topics: looking.filter(({ input }) => input.checked).map(({ input }) => input.value),
        resultsTo: target.input.value || null,
        paused: isPaused.input.checked,
      }
      const words = isOn.input.checked
        ? `The assistant of ${list.title} is set.`
        : `${list.title} has no assistant now.`
      await setAssistant(deeds, list, isOn.input.checked ? assistant : null, words)
    },
  })
}

function targets(board: Board, list: List): (readonly [string, string])[] {
  const others = board.lists.filter(({ id }) => id !== list.id)
  return [['', 'They stay in this list'], ...others.map(({ id, title }) => [id, title] as const)]
}

function checkbox(words: string, checked: boolean, value: string) {
  const input = el('input', { type: 'checkbox', value, checked })
  return { element: el('label', { class: 'opt' }, input, words), input }
}
