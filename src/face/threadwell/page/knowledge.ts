import type { Passage, StoredDocument, Topic } from '#protocol'
import type { DocumentsReply, PassageReply, SearchReply, TopicsReply } from '../api.ts'
import { openDialog, refusalNote } from './dialog.ts'
import { byId, el, hidden, icon, say } from './dom.ts'
import { markedWords } from './highlight.ts'
import { get, post, remove } from './http.ts'
import { onState } from './live.ts'
import { startShell } from './shell.ts'
import { chooseFiles } from './upload.ts'
import { countWords, sizeWords, timeWords } from './words.ts'

const DOCUMENTS_A_PAGE = 200
const FIELD = byId<HTMLInputElement>('search-words')

/** Empty: all of them. */
let topic = new URLSearchParams(location.search).get('topic') ?? ''
let known = ''

startShell()
onState(({ topics }) => {
  // Every change of anything announces a state; only what concerns this page is shown again.
  const now = JSON.stringify(topics)
  if (now !== known) void showTopics()
  known = now
})
void showTopics()
byId('add-documents').addEventListener('click', () => chooseFiles(topic || undefined))
byId('topic-remove').addEventListener('click', () => void offerRemoval())
byId('documents-more').addEventListener('click', () => void showDocuments(byId('documents').children.length))
byId('search').addEventListener('submit', (event) => {
  event.preventDefault()
  void search(FIELD.value.trim())
})

async function showTopics(): Promise<void> {
  try {
    const { topics } = await get<TopicsReply>('/api/topics')
    if (!topics.some(({ name }) => name === topic)) topic = ''
    const total = topics.reduce((sum, { documents }) => sum + documents, 0)
    const size = topics.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
    byId('knowledge-count').textContent =
      `${countWords(topics.length, 'topic')}, ${countWords(total, 'document')}, ${sizeWords(size)}`
    byId('topics').replaceChildren(...topicLinks(topics, total))
    byId('h-search').textContent = topic === '' ? 'Search in all topics' : `Search in ${topic}`
    await showDocuments(0)
  } catch (error) {
    byId('topics').replaceChildren(refusalNote(error, () => void showTopics()))
  }
}

function topicLinks(topics: readonly Topic[], total: number): HTMLElement[] {
  const link = (name: string, words: string, small: string) =>
    el(
      'a',
      {
        class: 'topic',
        href: name === '' ? '/knowledge' : `/knowledge?topic=${name}`,
        'aria-current': name === topic && 'true',
      },
      icon(name === '' ? 'book-open' : 'folder'),
      el('span', {}, words),
      el('small', {}, small),
    )
  const all = link('', 'All topics', countWords(total, 'document'))
  return [
    all,
    ...topics.map(({ name, documents, damaged }) => link(name, name, topicWords(documents, damaged))),
  ]
}

function topicWords(documents: number, damaged: readonly string[]): string {
  const words = countWords(documents, 'document')
  return damaged.length === 0 ? words : `${words}. ${damaged.length} damaged: add them again.`
}

async function showDocuments(from: number): Promise<void> {
  byId('documents-panel').hidden = topic === ''
  byId('documents-hint').hidden = topic !== ''
  if (topic === '') return
  const rows = byId('documents')
  try {
    const query = new URLSearchParams({ offset: String(from), limit: String(DOCUMENTS_A_PAGE) })
    const { documents, total } = await get<DocumentsReply>(`/api/topics/${topic}/documents?${query}`)
    if (from === 0) rows.replaceChildren()
    rows.append(...documents.map((document) => documentRow(document)))
    byId('documents-count').textContent = total.toLocaleString('en')
    byId('documents-more').hidden = rows.children.length >= total
  } catch (error) {
    rows.replaceChildren(
      el(
        'tr',
        {},
        el(
          'td',
          { colspan: 5 },
          refusalNote(error, () => void showDocuments(from)),
        ),
      ),
    )
  }
}

function documentRow({ document: name, title, chunks, ingestedAt, sizeBytes }: StoredDocument): HTMLElement {
  const removal = () => void offerRemoval(name, chunks)
  return el(
    'tr',
    {},
    el(
      'th',
      { scope: 'row' },
      el('span', { class: 'row' }, icon('file-text'), el('b', {}, title || name)),
      title !== '' && title !== name && el('span', { class: 'xs quiet block' }, name),
    ),
    el('td', { 'data-label': 'Passages', class: 'num' }, chunks),
    el('td', { 'data-label': 'Read', class: 'muted' }, timeWords(ingestedAt)),
    el('td', { 'data-label': 'Size', class: 'r quiet' }, sizeWords(sizeBytes)),
    el(
      'td',
      { class: 'r' },
      el(
        'button',
        { class: 'btn plain sm icon', type: 'button', click: removal },
        icon('trash-2'),
        hidden(`Remove ${name}`),
      ),
    ),
  )
}

/** Shows what goes before it goes: one document, or the whole topic. */
async function offerRemoval(name?: string, chunks?: number): Promise<void> {
  const { documents, total } = await get<DocumentsReply>(`/api/topics/${topic}/documents?limit=5`)
  const what = name ?? `the topic ${topic}`
  const counted = name === undefined ? countWords(total, 'document') : countWords(chunks ?? 0, 'passage')
  const examples = name === undefined ? documents.map((document) => el('li', {}, document.document)) : []
  const rest = total - examples.length
  openDialog({
    title: `Remove ${what}?`,
    body: [
      el('p', {}, `Runa forgets ${counted}, at once and also on the disk. It cannot be undone.`),
      el(
        'ul',
        { class: 'stack-2 small' },
        ...examples,
        examples.length > 0 &&
          rest > 0 &&
          el('li', {}, `and ${countWords(rest, 'more document', 'more documents')}`),
      ),
      el(
        'p',
        { class: 'small muted' },
        'Your own files stay where they are. Copies that were dropped onto this page go too.',
      ),
    ],
    action: name === undefined ? 'Remove this topic' : 'Remove this document',
    async onAction() {
      const query = name === undefined ? '' : `/documents?${new URLSearchParams({ document: name })}`
      await remove(`/api/topics/${topic}${query}`)
      say(`Removed ${what}.`)
      await showTopics()
    },
  })
}

async function search(query: string): Promise<void> {
  if (query === '') return FIELD.focus()
  const hits = byId('hits')
  hits.replaceChildren(el('p', { class: 'body small muted' }, 'Searching.'))
  const began = performance.now()
  try {
    const { passages, match } = await post<SearchReply>('/api/search', {
      query,
      topics: topic === '' ? [] : [topic],
    })
    byId('search-took').textContent = `${Math.ceil(performance.now() - began)} ms, on this machine`
    const weak = !match && passages.length > 0
    hits.replaceChildren(
      el(
        'p',
        { class: 'body small muted' },
        weak ? 'Nothing fits well. These come nearest.' : countWords(passages.length, 'passage'),
      ),
      el('ul', {}, ...passages.map((passage) => hit(passage, query))),
    )
  } catch (error) {
    hits.replaceChildren(
      el(
        'div',
        { class: 'body' },
        refusalNote(error, () => void search(query)),
      ),
    )
  }
}

function hit(passage: Passage, query: string): HTMLElement {
  const { title, document: name, headings, text, score } = passage
  const meter = el('i')
  meter.style.width = `${Math.round(score * 100)}%`
  return el(
    'li',
    { class: 'hit' },
    el(
      'header',
      {},
      icon('file-text', 'sm'),
      el('b', {}, title || name),
      el(
        'span',
        { class: 'quiet xs' },
        [...headings.filter((heading) => heading !== title), `${name} in ${passage.topic}`].join(' · '),
      ),
      el(
        'span',
        { class: 'score push' },
        el('span', { class: 'meter', 'aria-hidden': 'true' }, meter),
        el('span', { class: 'num' }, hidden('Score '), score.toFixed(2)),
      ),
    ),
    el(
      'p',
      {},
      ...markedWords(plainText(text), query).map(({ text: piece, isMarked }) =>
        isMarked ? el('mark', {}, piece) : piece,
      ),
    ),
    el(
      'div',
      {},
      el(
        'button',
        { class: 'btn plain sm', type: 'button', click: () => void openPassage(passage) },
        icon('external-link', 'sm'),
        'Open the passage',
        hidden(`: ${title || name}`),
      ),
    ),
  )
}

/** Marks of headings and empty lines help nobody in a list of passages. */
function plainText(text: string): string {
  return text.replace(/^#{1,6}\s+/gm, '').replace(/\n{2,}/g, '\n')
}

async function openPassage({ topic: where, document: name, start, end }: Passage): Promise<void> {
  const query = new URLSearchParams({ topic: where, document: name, start: String(start), end: String(end) })
  try {
    const passage = await get<PassageReply>(`/api/passage?${query}`)
    const around = (words: string) => el('span', { class: 'around' }, words)
    const text = el(
      'div',
      { class: 'read passage', tabindex: 0 },
      around(passage.before),
      el('mark', {}, passage.text),
      around(passage.after),
    )
    openDialog({
      title: passage.title || name,
      width: 'wide',
      body: [el('p', { class: 'small quiet' }, `${name} in ${where}`), text],
    })
    text.querySelector('mark')?.scrollIntoView({ block: 'center' })
  } catch (error) {
    openDialog({ title: name, body: [refusalNote(error)] })
  }
}
