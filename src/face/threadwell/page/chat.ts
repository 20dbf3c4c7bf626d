import type { Thread } from '#protocol'
import type { ThreadReply } from '../api.ts'
import { type Answering, startAnswer } from './chat/answering.ts'
import { type Asked, type Options, showOptions } from './chat/options.ts'
import { offerRemoval, showThreads } from './chat/threads.ts'
import { createAnswerView, questionElement } from './chat/turn-view.ts'
import { openDialog, refusalNote } from './dialog.ts'
import { byId, el, icon } from './dom.ts'
import { get } from './http.ts'
import { setDoing } from './now-bar.ts'
import { recall, remember } from './preferences.ts'
import { startShell } from './shell.ts'
import { createSourcePanel } from './sources.ts'
import './components.ts'

const TURNS = byId('turns')
const FIELD = byId<HTMLTextAreaElement>('message')
const panel = createSourcePanel(byId('sources'), byId('sources-none'))

let thread: Pick<Thread, 'id' | 'title' | 'turns'> | undefined
let answering: Answering | undefined

/** The thread that the address named when the page was opened. */
const NAMED = /^\/chat\/([^/]+)$/.exec(location.pathname)?.[1]

startShell()
void start()

async function start(): Promise<void> {
  FIELD.value = recall(draftKey())
  const ready = showAll()
  // A person may write and send before everything is shown; the question waits for it.
  const ask = async (question: string) => answer(question, (await ready).asked())
  listenToComposer(ask)
  byId('options-open').addEventListener('click', openOptions)
  byId('thread-remove').addEventListener('click', () => thread && offerRemoval(thread))
  const asked = new URLSearchParams(location.search)
  const first = asked.get('ask')?.trim()
  const options = await ready
  if (asked.get('topic')) options.useTopic(asked.get('topic') ?? '')
  if (first) {
    // So that reloading the page does not ask again.
    history.replaceState(null, '', location.pathname)
    await ask(first)
  }
}

async function showAll(): Promise<Options> {
  showThreads(() => thread?.id ?? NAMED)
  if (NAMED === undefined) showEmpty()
  const [options] = await Promise.all([showOptions(), NAMED && showThread(NAMED)])
  return options
}

function draftKey(): string {
  return `draft.${thread?.id ?? NAMED ?? 'new'}`
}

function listenToComposer(ask: (question: string) => Promise<void>): void {
  let isAsking = false
  const send = async () => {
    const question = FIELD.value.trim()
    if (question === '' || isAsking || answering !== undefined) return FIELD.focus()
    isAsking = true
    FIELD.value = ''
    remember(draftKey(), null)
    await ask(question)
    isAsking = false
  }
  byId('composer').addEventListener('submit', (event) => {
    event.preventDefault()
    void send()
  })
  FIELD.addEventListener('input', () => remember(draftKey(), FIELD.value))
  FIELD.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey) || event.isComposing) return
    event.preventDefault()
    void send()
  })
  addEventListener('keydown', (event) => {
    if (event.key === 'Escape' && document.querySelector('dialog[open]') === null) answering?.stop()
  })
}

async function showThread(id: string): Promise<void> {
  try {
    const reply = await get<ThreadReply>(`/api/threads/${id}`)
    takeThread({ ...reply.thread, turns: reply.turns.length })
    const elements = reply.turns.flatMap((turn) => {
      const view = createAnswerView(panel)
      view.finish(turn)
      return [questionElement(turn.question, turn.at), view.element]
    })
    TURNS.replaceChildren(...elements)
    TURNS.scrollTop = TURNS.scrollHeight
  } catch (error) {
    TURNS.replaceChildren(refusalNote(error, () => location.reload()))
  }
}

function showEmpty(): void {
  TURNS.replaceChildren(
    el(
      'div',
      { class: 'empty', id: 'chat-empty' },
      icon('message-square'),
      el('b', {}, 'Ask a question.'),
      el('span', {}, 'Runa looks in your documents and names the passages that it uses.'),
    ),
  )
}

function takeThread(taken: Pick<Thread, 'id' | 'title' | 'turns'>): void {
  thread = taken
  byId('chat-title').textContent = taken.title
  document.title = `${taken.title} · threadwell`
  byId('thread-remove').hidden = false
}

async function answer(question: string, asked: Asked): Promise<void> {
  document.getElementById('chat-empty')?.remove()
  const asking = questionElement(question, Date.now())
  const view = createAnswerView(panel)
  TURNS.append(asking, view.element)
  asking.scrollIntoView({ block: 'start' })
  byId<HTMLButtonElement>('send').disabled = true
  const onThread = (id: string) => {
    if (thread !== undefined) return
    takeThread({ id, title: question.slice(0, 80), turns: 0 })
    history.replaceState(null, '', `/chat/${id}`)
  }
  const onRetry = () => {
    asking.remove()
    view.element.remove()
    void answer(question, asked)
  }
  const sent = { question, ...asked, ...(thread === undefined ? {} : { thread: thread.id }) }
  answering = startAnswer(sent, view, onThread, onRetry)
  setDoing('Writing an answer.')
  await answering.done
  setDoing('')
  answering = undefined
  if (thread !== undefined) thread = { ...thread, turns: thread.turns + 1 }
  byId<HTMLButtonElement>('send').disabled = false
}

/** Where the columns are hidden, what stands in them is brought into a dialog, and back. */
function openOptions(): void {
  const options = byId('options')
  const threads = byId('threads')
  const homes = [options, threads].map((element) => {
    const mark = document.createComment('')
    element.before(mark)
    return { element, mark }
  })
  openDialog({
    title: 'Options',
    body: [options, el('h3', {}, 'Earlier chats'), threads],
    onClose() {
      for (const { element, mark } of homes) mark.replaceWith(element)
    },
  })
}
