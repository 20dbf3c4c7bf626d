import type { Thread } from '#protocol'
import type { ThreadReply } from '../api.ts'
import { type Answering, startAnswer } from './chat/answering.ts'
import { showOptions } from './chat/options.ts'
import { offerRemoval, showThreads } from './chat/threads.ts'
import { createAnswerView, questionElement } from './chat/turn-view.ts'
import { openDialog, refusalNote } from './dialog.ts'
import { byId, el, icon } from './dom.ts'
import { get } from './http.ts'
import { recall, remember } from './preferences.ts'
import { startShell } from './shell.ts'
import { createSourcePanel } from './sources.ts'
import './components.ts'

const TURNS = byId('turns')
const FIELD = byId<HTMLTextAreaElement>('message')
const panel = createSourcePanel(byId('sources'), byId('sources-none'))

let thread: Pick<Thread, 'id' | 'title' | 'turns'> | undefined
let answering: Answering | undefined

startShell()
void start()

async function start(): Promise<void> {
  const named = /^\/chat\/([^/]+)$/.exec(location.pathname)?.[1]
  FIELD.value = recall(draftKey(named))
  showThreads(() => thread?.id ?? named)
  const options = await showOptions()
  if (named === undefined) showEmpty()
  else await showThread(named)
  const asked = new URLSearchParams(location.search)
  if (asked.get('topic')) options.useTopic(asked.get('topic') ?? '')
  const ask = (question: string) => void answer(question, options.asked())
  listenToComposer(ask)
  byId('options-open').addEventListener('click', openOptions)
  byId('thread-remove').addEventListener('click', () => thread && offerRemoval(thread))
  const first = asked.get('ask')?.trim()
  if (first) {
    // So that reloading the page does not ask again.
    history.replaceState(null, '', location.pathname)
    ask(first)
  }
}

function draftKey(id: string | undefined): string {
  return `draft.${id ?? 'new'}`
}

function listenToComposer(ask: (question: string) => void): void {
  const send = () => {
    const question = FIELD.value.trim()
    if (question === '' || answering !== undefined) return FIELD.focus()
    FIELD.value = ''
    remember(draftKey(thread?.id), null)
    ask(question)
  }
  byId('composer').addEventListener('submit', (event) => {
    event.preventDefault()
    send()
  })
  FIELD.addEventListener('input', () => remember(draftKey(thread?.id), FIELD.value))
  FIELD.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey) || event.isComposing) return
    event.preventDefault()
    send()
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

async function answer(
  question: string,
  asked: ReturnType<Awaited<ReturnType<typeof showOptions>>['asked']>,
): Promise<void> {
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
  await answering.done
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
