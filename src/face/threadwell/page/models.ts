import type { Model } from '#protocol'
import type { AppState, ModelsReply } from '../api.ts'
import type { IconName } from '../icons.ts'
import { openDialog, refusalNote } from './dialog.ts'
import { byId, el, hidden, icon, say } from './dom.ts'
import { get, post, remove } from './http.ts'
import { showLedger } from './ledger.ts'
import { onState } from './live.ts'
import { startShell } from './shell.ts'
import { countWords, sizeWords } from './words.ts'

const PATH = byId<HTMLInputElement>('model-path')

startShell()
onState((state) => {
  showWorks(state)
  void showModels()
})
void showModels()
void showLedger()
letAdd()

async function showModels(): Promise<void> {
  try {
    const { models, machine } = await get<ModelsReply>('/api/models')
    // The engine that only quotes is always there, and no file.
    const files = models.filter(({ engine }) => engine !== 'extractive')
    byId('models-count').textContent =
      files.length === 0 ? 'None installed' : `${countWords(files.length, 'model')} installed`
    byId('installed').replaceChildren(...(files.length === 0 ? [noneInstalled()] : [modelList(files)]))
    showMachine(machine)
  } catch (error) {
    byId('installed').replaceChildren(
      el(
        'div',
        { class: 'body' },
        refusalNote(error, () => void showModels()),
      ),
    )
  }
}

function noneInstalled(): HTMLElement {
  const words = 'None is installed. Runa answers with quotes from your documents. That needs no model.'
  return el('p', { class: 'body small' }, words)
}

function modelList(models: readonly Model[]): HTMLElement {
  return el('ul', { class: 'works' }, ...models.map((model) => modelItem(model)))
}

const STATES: Readonly<Record<Model['state'], readonly [string, IconName, string]>> = {
  ready: ['ok', 'circle-check', 'Ready'],
  loading: ['run', 'circle-play', 'Loading'],
  stopped: ['queue', 'square', 'Not loaded; the first question loads it'],
  failed: ['fail', 'triangle-alert', 'Failed'],
}

function modelItem(model: Model): HTMLElement {
  const [look, picture, word] = STATES[model.state]
  const needs = model.memoryBytes > 0 ? `Needs ${sizeWords(model.memoryBytes)} of memory.` : ''
  const licence = model.licence === '' ? '' : `Licence: ${model.licence}.`
  const use = async () => {
    await post(`/api/models/${encodeURIComponent(model.id)}/use`, {}).catch(openFault)
    await showModels()
    say(`${model.name} is used from now on.`)
  }
  return el(
    'li',
    { class: `st-${look}` },
    icon(picture),
    el(
      'div',
      {},
      el('b', {}, model.name || model.id),
      ' ',
      el(
        'span',
        { class: 'xs quiet' },
        model.isDefault ? 'Used for answers' : model.purpose === 'embedding' ? 'For search' : '',
      ),
    ),
    el(
      'span',
      { class: 'row actions' },
      model.purpose === 'chat' &&
        !model.isDefault &&
        el(
          'button',
          { class: 'btn sm', type: 'button', click: () => void use() },
          'Use',
          hidden(` ${model.name}`),
        ),
      el(
        'button',
        { class: 'btn plain sm icon', type: 'button', click: () => offerRemoval(model) },
        icon('trash-2', 'sm'),
        hidden(`Remove ${model.name}`),
      ),
    ),
    el('small', {}, [`${word}.`, model.reason, needs, licence].filter((words) => words !== '').join(' ')),
  )
}

function openFault(error: unknown): void {
  openDialog({ title: 'That did not work', body: [refusalNote(error)] })
}

function offerRemoval(model: Model): void {
  openDialog({
    title: 'Remove this model?',
    body: [
      el('p', {}, `Runa no longer uses “${model.name || model.id}”.`),
      el(
        'p',
        { class: 'small muted' },
        `Your own file stays where it is: ${model.path}. Chats and documents stay.`,
      ),
    ],
    action: 'Remove this model',
    async onAction() {
      await remove(`/api/models/${encodeURIComponent(model.id)}`)
      await showModels()
    },
  })
}

/** The page cannot read paths of files, so the path is typed; the command beside it says the same. */
function letAdd(): void {
  PATH.addEventListener('input', () => {
    const path = PATH.value.trim()
    byId('add-command').textContent = `npx runa models add ${path === '' ? 'PATH' : quoted(path)}`
  })
  byId('add-model').addEventListener('submit', (event) => {
    event.preventDefault()
    void add(PATH.value.trim())
  })
}

function quoted(path: string): string {
  return /^[\w./@+-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`
}

async function add(path: string): Promise<void> {
  if (path === '') {
    PATH.focus()
    return
  }
  const note = byId('add-note')
  note.replaceChildren(
    el('p', { class: 'writing' }, icon('circle-play', 'sm'), 'Checking the file. This can take a minute.'),
  )
  try {
    const model = await post<Model>('/api/models', { path })
    PATH.value = ''
    note.replaceChildren(
      el(
        'div',
        { class: 'note st-ok' },
        icon('circle-check'),
        el('p', { class: 'small' }, `“${model.name || model.id}” is added.`),
      ),
    )
    await showModels()
  } catch (error) {
    note.replaceChildren(refusalNote(error))
  }
}

const FITS = {
  well: ['ok', 'circle-check', 'Fits well'],
  tight: ['need', 'circle-alert', 'Fits, tight'],
  no: ['queue', 'circle-x', 'Does not fit'],
} as const

function showMachine(machine: ModelsReply['machine']): void {
  const { memoryTotalBytes, memoryFreeBytes, diskFreeBytes, cores, suggestions } = machine
  const facts = [
    ['Memory', `${sizeWords(memoryTotalBytes)}. ${sizeWords(memoryFreeBytes)} is free now.`],
    ['Disk', `${sizeWords(diskFreeBytes)} is free.`],
    ['Processor', `${countWords(cores, 'core')}. A graphics card is not needed.`],
  ] as const
  byId('machine').replaceChildren(
    ...facts.flatMap(([name, words]) => [el('dt', {}, name), el('dd', { class: 'num' }, words)]),
  )
  byId('suggestions').replaceChildren(
    ...suggestions.map(({ name, purpose, fileName, sizeBytes, memoryBytes, licence, fits }) => {
      const [look, picture, word] = FITS[fits]
      return el(
        'tr',
        {},
        el(
          'th',
          { scope: 'row' },
          name,
          el(
            'span',
            { class: 'xs quiet block' },
            `${purpose === 'embedding' ? 'For search' : 'For answers'}. Licence: ${licence}.`,
          ),
          el('span', { class: 'xs quiet block mono' }, fileName),
        ),
        el('td', { 'data-label': 'Memory it needs', class: 'num' }, sizeWords(memoryBytes)),
        el('td', { 'data-label': 'Disk', class: 'r muted' }, sizeWords(sizeBytes)),
        el(
          'td',
          { 'data-label': 'On this computer' },
          el('span', { class: `pill st-${look}` }, icon(picture, 'sm'), word),
        ),
      )
    }),
  )
}

function showWorks({ model, topics, boards }: AppState): void {
  const documents = topics.reduce((sum, topic) => sum + topic.documents, 0)
  const board = boards[0] === undefined ? '/' : `/board/${boards[0].id}`
  byId('works').replaceChildren(
    work(true, 'Boards and cards', 'Lists, drag or keys, undo.', board),
    work(
      true,
      'Search in your documents',
      `By words and by meaning, in ${countWords(documents, 'document')}.`,
      '/knowledge',
    ),
    work(true, 'Questions about your documents', 'Answered with quotes that open their passage.', '/chat'),
    work(
      true,
      'Assistant lists',
      model === null ? 'They answer with quotes.' : `They work with ${model.name}.`,
      board,
    ),
    work(model !== null, 'Answers in new words', model === null ? 'Waits for a model.' : `By ${model.name}.`),
  )
}

function work(isReady: boolean, name: string, words: string, path?: string): HTMLElement {
  return el(
    'li',
    { class: isReady ? 'st-ok' : 'st-queue' },
    icon(isReady ? 'circle-check' : 'clock'),
    el('b', {}, name),
    path && el('a', { class: 'btn sm', href: path }, 'Open', hidden(`: ${name}`)),
    el('small', {}, words),
  )
}
