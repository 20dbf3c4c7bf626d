import type { Thread } from '#protocol'
import type { ThreadReply, ThreadsEvent } from '../api.ts'
import { type Answering, startAnswer } from './chat/answering.ts'
import { watchOffTheRecord } from './chat/off-the-record.ts'
import { type Asked, type Options, showOptions } from './chat/options.ts'
import { createThreadView } from './chat/thread-view.ts'
import { offerRemoval, showThreads } from './chat/threads.ts'
import { openDialog, refusalNote } from './dialog.ts'
import { byId, el, icon, say } from './dom.ts'
import { asRefusal, get, Refusal } from './http.ts'
import { onThreads } from './live.ts'
import { setDoing } from './now-bar.ts'
import { recall, remember } from './preferences.ts'
import { startShell } from './shell.ts'
import { createSourcePanel } from './sources.ts'
import { countWords } from './words.ts'
import './components.ts'

type OpenThread = Pick<Thread, 'id' | 'title' | 'turns'>

const TURNS = byId('turns')
const FIELD = byId<HTMLTextAreaElement>('message')

let thread: OpenThread | undefined
let answering: Answering | undefined

/** The thread that the address named when the page was opened. */
const NAMED = /^\/chat\/([^/]+)$/.exec(location.pathname)?.[1]

const panel = createSourcePanel(byId('sources'), byId('sources-none'))
const off = watchOffTheRecord(
  () => thread,
  (isOn) => {
    // What a browser keeps of a draft would be on the disk.
    if (isOn) remember(draftKey(), null)
    FIELD.autocomplete = isOn ? 'off' : 'on'
  },
)
const view = createThreadView(TURNS, panel, off.isOn)

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
  onThreads((event) => void follow(event))
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
  FIELD.addEventListener('input', () => {
    if (!off.isOn()) remember(draftKey(), FIELD.value)
  })
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
    takeThread(reply.thread, reply.thread.offTheRecord)
    view.show(reply.turns)
    showOmitted(id, reply)
    TURNS.scrollTop = TURNS.scrollHeight
    // A link from the memory names the turn.
    document.getElementById(location.hash.slice(1))?.scrollIntoView({ block: 'start' })
  } catch (error) {
    TURNS.replaceChildren(refusalNote(error, () => location.reload()))
  }
}

/** A long chat is read from its end; what came before is there for the asking. */
function showOmitted(id: string, { turns, omitted }: ThreadReply): void {
  const before = turns[0]?.id
  if (omitted === 0 || before === undefined) return
  const button = el('button', { class: 'btn', type: 'button' }, 'Show earlier turns')
  button.addEventListener('click', async () => {
    try {
      const older = await get<ThreadReply>(`/api/threads/${id}?before=${before}`)
      button.remove()
      view.prepend(older.turns)
      showOmitted(id, older)
      say(`${countWords(older.turns.length, 'earlier turn')} shown.`)
    } catch (error) {
      button.after(refusalNote(error))
    }
  })
  TURNS.prepend(button)
}

/** What another tab said in this thread, or forgot of it, is shown here as well. */
async function follow(event: ThreadsEvent): Promise<void> {
  if (thread === undefined || answering !== undefined) return
  if (event.thread !== undefined && event.thread !== thread.id) return
  const reply = await get<ThreadReply>(`/api/threads/${thread.id}`).catch(asRefusal)
  if (answering !== undefined) return
  if (reply instanceof Refusal) {
    // Forgotten or closed elsewhere: what is still on this page goes as well.
    if (reply.code === 'THREAD_UNKNOWN') showGone()
    return
  }
  const came = view.follow(reply.turns, reply.omitted === 0)
  if (came > 0) say(`${countWords(came, 'turn')} from another tab.`)
}

function showGone(): void {
  thread = undefined
  view.show([])
  panel.list([])
  byId('chat-title').textContent = 'Chat'
  document.title = 'Chat · threadwell'
  const words = 'This chat is gone. It was forgotten or closed, and nothing is left of it.'
  const link = el('a', { class: 'btn', href: '/chat' }, 'New chat')
  TURNS.replaceChildren(el('div', { class: 'empty' }, icon('message-square'), el('b', {}, words), link))
  byId('composer').hidden = true
  say(words)
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

function takeThread(taken: OpenThread, isOffTheRecord: boolean): void {
  thread = taken
  byId('chat-title').textContent = taken.title
  // A browser writes the title of a page into its history.
  document.title = `${isOffTheRecord ? 'Off the record' : taken.title} · threadwell`
  off.settle(isOffTheRecord)
}

async function answer(question: string, asked: Asked): Promise<void> {
  document.getElementById('chat-empty')?.remove()
  const asking = view.ask(question)
  byId<HTMLButtonElement>('send').disabled = true
  const onStart = (id: string, of: string | null) => {
    view.know(id, asking.elements, false)
    if (thread !== undefined || of === null) return
    takeThread({ id: of, title: question.slice(0, 80), turns: 0 }, off.isOn())
    history.replaceState(null, '', `/chat/${of}`)
  }
  const onRetry = () => {
    for (const element of asking.elements) element.remove()
    void answer(question, asked)
  }
  const sent = { question, ...asked, offTheRecord: off.isOn(), ...(thread && { thread: thread.id }) }
  answering = startAnswer(sent, asking.view, onStart, onRetry)
  setDoing('Writing an answer.')
  const finished = await answering.done
  setDoing('')
  answering = undefined
  if (finished) view.know(finished, asking.elements, true)
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
