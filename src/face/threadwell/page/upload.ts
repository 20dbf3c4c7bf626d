import type { TopicsReply, UploadLine } from '../api.ts'
import { openDialog, selectField, textField } from './dialog.ts'
import { el, icon } from './dom.ts'
import { asRefusal, get, isAbort, lines, Refusal } from './http.ts'
import { setDoing } from './now-bar.ts'
import { topicNameOf } from './topic-name.ts'
import { countWords, sizeWords } from './words.ts'

const NEW_TOPIC = ' new'
/** The server's limit, told before a long wait instead of after it. */
const UPLOAD_BYTES_MAX = 64 * 2 ** 20
/** Its documents are replaced with each update of Runa. */
const HANDBOOK = 'handbook'

const NAMELESS = {
  code: 'BAD_INPUT',
  message: 'A new topic needs a name.',
  advice: 'Use letters and digits, for example: recipes.',
}

/** Files may be dropped on any page, wherever something is not already taking them. */
export function takeDroppedFiles(): void {
  const hasFiles = (event: DragEvent) => event.dataTransfer?.types.includes('Files') === true
  addEventListener('dragover', (event) => {
    if (!hasFiles(event)) return
    event.preventDefault()
    document.body.classList.add('dropping')
  })
  addEventListener('dragleave', (event) => {
    if (event.relatedTarget === null) document.body.classList.remove('dropping')
  })
  addEventListener('drop', (event) => {
    document.body.classList.remove('dropping')
    if (!hasFiles(event)) return
    event.preventDefault()
    const items = [...(event.dataTransfer?.items ?? [])]
    const folders = items.filter((item) => item.webkitGetAsEntry()?.isDirectory === true).length
    const files = [...(event.dataTransfer?.files ?? [])]
    void offerFiles(
      folders > 0 ? files.filter(({ type, size }) => type !== '' || size % 4096 !== 0) : files,
      folders,
    )
  })
}

export function chooseFiles(topic?: string): void {
  const input = el('input', { type: 'file', multiple: true, accept: '.md,.markdown,.txt,.text,text/*' })
  input.addEventListener('change', () => void offerFiles([...(input.files ?? [])], 0, topic))
  input.click()
}

/** Asks which topic the files belong to, then reads them one by one and says what became of each. */
async function offerFiles(files: readonly File[], folders: number, wanted?: string): Promise<void> {
  const { topics } = await get<TopicsReply>('/api/topics').catch(() => ({ topics: [] }))
  const names = topics.map(({ name }) => name).filter((name) => name !== HANDBOOK)
  const chosen = wanted !== undefined && wanted !== HANDBOOK ? wanted : (names[0] ?? NEW_TOPIC)
  const topic = selectField(
    'Topic',
    [...names.map((name) => [name, name] as const), [NEW_TOPIC, 'A new topic']],
    chosen,
  )
  const name = textField('Name of the new topic', names.length === 0 ? 'documents' : '', { maxlength: 64 })
  const showName = () => {
    name.element.hidden = topic.input.value !== NEW_TOPIC
  }
  topic.input.addEventListener('change', showName)
  showName()
  const rows = files.map((file) => fileRow(file))
  const progress = el('p', { class: 'small', 'aria-live': 'polite' })
  const stopping = new AbortController()
  const dialog = openDialog({
    title: files.length === 1 ? 'Add this document' : `Add ${countWords(files.length, 'document')}`,
    body: [
      el('p', { class: 'small muted' }, 'They stay on this machine. Markdown and text files can be read.'),
      ...(folders > 0 ? [folderNote()] : []),
      topic.element,
      name.element,
      progress,
      el('ul', { class: 'uploads stack-2' }, ...rows.map(({ element }) => element)),
    ],
    ...(files.length === 0 ? {} : { action: 'Add to this topic' }),
    stays: true,
    onClose: () => stopping.abort(),
    async onAction() {
      const target = topic.input.value === NEW_TOPIC ? topicNameOf(name.input.value) : topic.input.value
      if (target === '') {
        name.input.focus()
        throw new Refusal(NAMELESS)
      }
      topic.input.disabled = true
      name.input.disabled = true
      for (const [at, row] of rows.entries()) {
        progress.textContent = `Reading ${at + 1} of ${rows.length}.`
        setDoing(`Reading ${countWords(rows.length, 'document')}.`)
        await row.upload(target, stopping.signal)
      }
      setDoing('')
      const stored = rows.filter((row) => row.isStored()).length
      progress.textContent = `${countWords(stored, 'document')} of ${rows.length} added to ${target}.`
      dialog.element
        .querySelector('.dialog-body')
        ?.append(
          el(
            'a',
            { class: 'btn', href: `/knowledge?topic=${target}` },
            icon('book-open', 'sm'),
            'Open this topic',
          ),
        )
    },
  })
}

function folderNote(): HTMLElement {
  return el(
    'div',
    { class: 'note' },
    icon('info'),
    el('p', { class: 'small' }, 'A whole folder is read from a terminal: npx runa ingest PATH --topic NAME'),
  )
}

/** One file, with what became of it. */
function fileRow(file: File) {
  const state = el('span', { class: 'pill st-queue' }, icon('clock', 'sm'), 'Waiting')
  const reason = el('small', { class: 'xs quiet' }, sizeWords(file.size))
  const element = el('li', { class: 'file' }, icon('file-text'), el('b', {}, file.name), state, reason)
  let stored = false

  function show(kind: 'run' | 'ok' | 'fail' | 'need', word: string, why: string): void {
    const icons = { run: 'circle-play', ok: 'circle-check', fail: 'triangle-alert', need: 'hand' } as const
    state.className = `pill st-${kind}`
    state.replaceChildren(icon(icons[kind], 'sm'), word)
    reason.textContent = why
  }

  async function read(topic: string, signal: AbortSignal): Promise<void> {
    const query = new URLSearchParams({ topic, name: file.name })
    for await (const line of lines<UploadLine>(`/api/uploads?${query}`, { body: file, signal })) {
      if (line.kind === 'stored') {
        stored = true
        show('ok', 'Ready', countWords(line.chunks, 'passage'))
      }
      if (line.kind === 'skipped') show('need', 'Not read', line.reason)
      if (line.kind === 'end' && line.unchanged > 0) {
        stored = true
        show('ok', 'Ready', 'It was there already, the same.')
      }
    }
  }

  return {
    element,
    isStored: () => stored,
    async upload(topic: string, signal: AbortSignal): Promise<void> {
      if (file.size > UPLOAD_BYTES_MAX) {
        const limit = sizeWords(UPLOAD_BYTES_MAX)
        return show('need', 'Not read', `It has ${sizeWords(file.size)}; ${limit} is the limit here.`)
      }
      show('run', 'Reading', sizeWords(file.size))
      try {
        await read(topic, signal)
      } catch (error) {
        if (isAbort(error)) return show('need', 'Stopped', 'You closed the window before it was read.')
        const { message, advice } = asRefusal(error)
        show('fail', 'Failed', `${message} ${advice}`)
      }
    },
  }
}
