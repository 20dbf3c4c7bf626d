import type { List } from '../../api.ts'
import { areaField, openDialog, selectField, textField } from '../dialog.ts'
import { byId } from '../dom.ts'
import type { Deeds } from './deeds.ts'
import type { BoardStore } from './store.ts'

export function openNewCard(store: BoardStore, deeds: Deeds, list?: List): void {
  const { lists } = store.current()
  const first = list ?? store.list(byId<HTMLSelectElement>('pick').value) ?? lists[0]
  if (first === undefined) {
    deeds.tell('Add a list first. A card stands in a list.')
    return
  }
  const title = textField('What is it about?', '', { required: true, maxlength: 200, autofocus: true })
  const text = areaField('Text, if you like', '', { maxlength: 20_000 })
  const target = selectField('List', lists.map(words), first.id)
  openDialog({
    title: 'New card',
    body: [title.element, text.element, target.element],
    action: 'Add card',
    isDirty: () => title.input.value.trim() !== '' || text.input.value.trim() !== '',
    async onAction() {
      const name = title.input.value.trim()
      await deeds.act(
        { kind: 'addCard', list: target.input.value, title: name, text: text.input.value, at: 0 },
        `Added “${name}”.`,
        ({ created }) => (created === null ? [] : [{ kind: 'removeCard', card: created }]),
      )
    },
  })
}

function words(list: List): readonly [string, string] {
  const starts = list.assistant !== null && !list.assistant.paused
  return [list.id, starts ? `${list.title}. The assistant starts by itself.` : list.title]
}
