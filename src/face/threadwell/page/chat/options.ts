import type { ModelsReply, PersonasReply, TopicsReply } from '../../api.ts'
import type { SelectElement } from '../components.ts'
import { byId, el } from '../dom.ts'
import { get } from '../http.ts'
import { recall, remember } from '../preferences.ts'
import { countWords, listWords } from '../words.ts'
import '../vendor/wa/components/select/select.js'
import '../vendor/wa/components/option/option.js'

/** How the next question is answered. What is left out is Runa's choice. */
export interface Asked {
  readonly topics: readonly string[]
  readonly persona?: string
  readonly model?: string
  /** Whether it may look into what was said in other chats. */
  readonly memory: boolean
}

export interface Options {
  asked(): Asked
  /** Looks nowhere else, for this visit. */
  useTopic(topic: string): void
}

interface Choice {
  readonly value: string
  readonly words: string
  readonly description: string
}

/** Persona, model and documents, as this browser chose them last. */
export async function showOptions(): Promise<Options> {
  const [{ personas }, { models }, { topics }] = await Promise.all([
    get<PersonasReply>('/api/personas').catch(() => ({ personas: [] })),
    get<Pick<ModelsReply, 'models'>>('/api/models').catch(() => ({ models: [] })),
    get<TopicsReply>('/api/topics').catch(() => ({ topics: [] })),
  ])
  const persona = choiceField(
    'Persona',
    'persona',
    personas.map(({ id, name, description }) => ({ value: id, words: name, description })),
    'default',
  )
  const model = choiceField('Model', 'model', modelChoices(models), '')
  const documents = topicField(topics)
  const memory = memoryField()
  byId('options').replaceChildren(persona.element, model.element, documents.element, memory.element)
  return {
    useTopic: documents.use,
    asked: () => ({
      topics: documents.chosen(),
      memory: memory.chosen(),
      ...(persona.chosen() === '' ? {} : { persona: persona.chosen() }),
      ...(model.chosen() === '' ? {} : { model: model.chosen() }),
    }),
  }
}

function memoryField() {
  const box = el('input', {
    type: 'checkbox',
    checked: recall('chat.memory') !== 'off',
    change: () => remember('chat.memory', box.checked ? null : 'off'),
  })
  const element = el(
    'label',
    { class: 'off-switch memory-choice' },
    box,
    el('span', {}, 'What was said before', el('small', {}, 'It may look into your other chats.')),
  )
  return { element, chosen: () => box.checked }
}

function modelChoices(models: ModelsReply['models']): Choice[] {
  const chat = models.filter(({ purpose, engine }) => purpose === 'chat' && engine !== 'extractive')
  const usual = chat.find(({ isDefault }) => isDefault)
  const first = {
    value: '',
    words: usual === undefined ? 'No model: quotes' : `The usual one: ${usual.name}`,
    description:
      usual === undefined
        ? 'None is installed. Runa answers with quotes from your documents.'
        : `Runs on this machine. ${usual.reason}`,
  }
  const others = chat.map(({ id, name, reason }) => ({ value: id, words: name, description: reason }))
  return [first, ...others]
}

function choiceField(label: string, key: string, choices: readonly Choice[], usual: string) {
  const stored = recall(`chat.${key}`)
  const initial =
    choices.find(({ value }) => value === stored) ??
    choices.find(({ value }) => value === usual) ??
    choices[0]
  const select = document.createElement('wa-select') as SelectElement
  select.setAttribute('size', 's')
  select.setAttribute('label', label)
  // An option may not have an empty value there, so the first choice has a name of its own.
  const named = (value: string) => value || 'usual'
  select.append(...choices.map(({ value, words }) => optionElement(named(value), words)))
  select.setAttribute('value', named(initial?.value ?? ''))
  const description = el('p', { class: 'xs quiet' }, initial?.description ?? '')
  let chosen = initial?.value ?? ''
  select.addEventListener('change', () => {
    const choice = choices.find(({ value }) => named(value) === select.value)
    chosen = choice?.value ?? ''
    description.textContent = choice?.description ?? ''
    remember(`chat.${key}`, chosen)
  })
  return { element: el('div', { class: 'stack-2 tight' }, select, description), chosen: () => chosen }
}

function optionElement(value: string, words: string): HTMLElement {
  const option = document.createElement('wa-option')
  option.setAttribute('value', value)
  option.textContent = words
  return option
}

function topicField(topics: TopicsReply['topics']) {
  const names = topics.map(({ name }) => name)
  const stored = recall('chat.topics')
  const initial = stored === '' ? names : stored.split(',').filter((name) => names.includes(name))
  const select = document.createElement('wa-select') as SelectElement
  select.setAttribute('size', 's')
  select.setAttribute('label', 'Documents it may use')
  select.setAttribute('multiple', '')
  select.setAttribute('max-options-visible', '2')
  select.append(...names.map((name) => optionElement(name, name)))
  for (const option of select.querySelectorAll('wa-option')) {
    if (initial.includes(option.getAttribute('value') ?? '')) option.setAttribute('selected', '')
  }
  const description = el('p', { class: 'xs quiet' })
  let chosen: readonly string[] = initial
  const show = () => {
    const documents = topics
      .filter(({ name }) => chosen.includes(name))
      .reduce((sum, topic) => sum + topic.documents, 0)
    description.textContent =
      chosen.length === 0 ? 'It looks nowhere.' : `It looks in ${countWords(documents, 'document')}.`
    byId('asked-of').textContent = chosen.length === 0 ? 'Uses no documents' : `Looks in ${listWords(chosen)}`
  }
  select.addEventListener('change', () => {
    chosen = [select.value ?? []].flat()
    // A space stands for none: an empty value means that nothing was ever chosen.
    remember('chat.topics', chosen.length === names.length ? null : chosen.join(',') || ' ')
    show()
  })
  show()
  return {
    element: el('div', { class: 'stack-2 tight' }, select, description),
    chosen: () => chosen,
    use(topic: string) {
      if (!names.includes(topic)) return
      chosen = [topic]
      select.value = [topic]
      show()
    },
  }
}
