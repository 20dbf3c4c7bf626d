import type { RememberedThread } from '#protocol'
import type { CardPaths, MemoryThreadsReply, RecallReply, TimelineReply } from '../api.ts'
import { refusalNote } from './dialog.ts'
import { byId, el, icon, say } from './dom.ts'
import { get, post } from './http.ts'
import { onThreads } from './live.ts'
import { offerForgetting } from './memory/forgetting.ts'
import { showOffTheRecord } from './memory/off-the-record.ts'
import { loadNames, type NameOf } from './memory/speakers.ts'
import { showMemoryState } from './memory/state-notes.ts'
import { type Place, type ShownTurn, turnItem } from './memory/turn-item.ts'
import { checkWholeness } from './memory/wholeness.ts'
import { startShell } from './shell.ts'
import { countWords, dateWords, dayOfField } from './words.ts'

const TURNS_A_PAGE = 50
const FOUND_MAX = 50

const SAID = byId('said')
const MORE = byId('more')
const chosen = new Set<string>()
const threads = new Map<string, RememberedThread>()
const cards = new Map<string, string>()

let nameOf: NameOf = (speaker) => speaker
let shown: readonly ShownTurn[] = []
let isKept = true
/** With those that are further back than what is shown. */
let total = 0
let query = ''

startShell()
listenToForms()
onThreads(() => {
  void lookForNews()
  void showThreads()
})
void start()

async function start(): Promise<void> {
  nameOf = await loadNames()
  isKept = await showMemoryState()
  await showAll()
}

async function showAll(): Promise<void> {
  await Promise.all([showThreads(), show()])
}

function listenToForms(): void {
  byId('search').addEventListener('submit', (event) => {
    event.preventDefault()
    void show()
  })
  byId('all').addEventListener('click', () => {
    byId<HTMLFormElement>('search').reset()
    void show()
  })
  MORE.querySelector('button')?.addEventListener('click', () => void showOlder())
  byId('verify').addEventListener('click', () => void checkWholeness(byId<HTMLButtonElement>('verify')))
  byId('choose-none').addEventListener('click', () => {
    chosen.clear()
    render()
    byId('forget-chosen').focus()
  })
  byId('forget-chosen').addEventListener('click', () => void forget({ turns: [...chosen] }))
  onSubmit('forget-words', () => forget({ containing: textIn('containing').trim() }))
  onSubmit('forget-thread', () => forget({ thread: textIn('thread') }))
  onSubmit('forget-time', () => {
    const [first, last] = [dayOfField(textIn('forget-from')), dayOfField(textIn('forget-until'))]
    return first && last && forget({ from: first.from, to: last.to })
  })
}

function onSubmit(form: string, work: () => Promise<void> | undefined): void {
  byId(form).addEventListener('submit', (event) => {
    event.preventDefault()
    void work()
  })
}

function textIn(id: string): string {
  return byId<HTMLInputElement>(id).value
}

async function forget(choice: Parameters<typeof offerForgetting>[0]): Promise<void> {
  await offerForgetting(choice, async () => {
    chosen.clear()
    byId<HTMLFormElement>('forget-words').reset()
    await showAll()
  })
}

/** What the filter says, for the timeline and for the search alike. */
function filter() {
  const [first, last] = [dayOfField(textIn('from')), dayOfField(textIn('until'))]
  const speaker = textIn('speaker')
  return { ...(first && { from: first.from }), ...(last && { to: last.to }), ...(speaker && { speaker }) }
}

/** From the newest on, or what fits the words best. */
async function show(): Promise<void> {
  query = textIn('words').trim()
  SAID.setAttribute('aria-busy', 'true')
  byId('said-news').replaceChildren()
  byId('all').hidden = query === '' && Object.keys(filter()).length === 0
  try {
    if (query === '') await showTimeline()
    else await showFound()
  } catch (error) {
    MORE.hidden = true
    byId('said-count').textContent = ''
    SAID.replaceChildren(
      el(
        'div',
        { class: 'body' },
        refusalNote(error, () => void show()),
      ),
    )
  }
  SAID.removeAttribute('aria-busy')
}

async function showTimeline(): Promise<void> {
  const reply = await post<TimelineReply>('/api/memory/timeline', { ...filter(), limit: TURNS_A_PAGE })
  takeSpeakers(reply.speakers)
  takeTimeline(reply, [])
  if (Object.keys(filter()).length === 0) {
    byId('memory-count').textContent = isKept ? `${countWords(total, 'turn')}, sealed on this machine` : ''
  }
}

async function showOlder(): Promise<void> {
  const before = shown.at(-1)?.id
  const count = shown.length
  try {
    const asked = { ...filter(), before, limit: TURNS_A_PAGE }
    takeTimeline(await post<TimelineReply>('/api/memory/timeline', asked), shown)
    SAID.querySelectorAll<HTMLElement>('.tl-item input')[count]?.focus()
    say(`${countWords(shown.length - count, 'older turn')} shown.`)
  } catch (error) {
    byId('said-news').replaceChildren(
      el(
        'div',
        { class: 'body' },
        refusalNote(error, () => void show()),
      ),
    )
  }
}

function takeTimeline(reply: TimelineReply, before: readonly ShownTurn[]): void {
  shown = [...before, ...reply.turns]
  for (const thread of reply.threads) threads.set(thread.id, thread)
  takeCards(reply.cards)
  total = shown.length + reply.omitted
  byId('said-count').textContent = `${shown.length} of ${countWords(total, 'turn')}`
  MORE.hidden = reply.omitted === 0
  render()
}

async function showFound(): Promise<void> {
  const { recalled, cards: found } = await post<RecallReply>('/api/memory/search', {
    query,
    ...filter(),
    limit: FOUND_MAX,
  })
  takeCards(found)
  const turns = new Map<string, ShownTurn>()
  for (const { turn, thread, at, speaker, text } of recalled) {
    const before = turns.get(turn)?.utterances ?? []
    turns.set(turn, { id: turn, thread, at, utterances: [...before, { speaker, text }] })
  }
  shown = [...turns.values()]
  byId('said-count').textContent = `${countWords(shown.length, 'turn')}, the best first`
  MORE.hidden = true
  render()
  say(`${countWords(shown.length, 'turn')} found.`)
}

function render(): void {
  showChosen()
  SAID.replaceChildren(...(shown.length === 0 ? [emptyNote()] : shownItems()))
}

function shownItems(): HTMLElement[] {
  const ways = {
    ...{ nameOf, query },
    placeOf,
    isChosen: (turn: string) => chosen.has(turn),
    choose,
  }
  const items = (turns: readonly ShownTurn[]) => el('ul', {}, ...turns.map((turn) => turnItem(turn, ways)))
  if (query !== '') return [items(shown)]
  const days = new Map<string, ShownTurn[]>()
  for (const turn of shown) {
    const day = dateWords(turn.at)
    days.set(day, [...(days.get(day) ?? []), turn])
  }
  return [...days].flatMap(([day, turns]) => [el('h3', { class: 'tl-day' }, day), items(turns)])
}

function emptyNote(): HTMLElement {
  const isFiltered = query !== '' || Object.keys(filter()).length > 0
  const words = isFiltered
    ? ['Nothing fits.', 'Try other words, or more days.']
    : isKept
      ? ['Nothing is remembered yet.', 'What you say in a chat appears here.']
      : ['Nothing is remembered.', 'Every chat is off the record.']
  return el(
    'div',
    { class: 'body' },
    el('div', { class: 'empty' }, icon('history'), el('b', {}, words[0]), el('span', {}, words[1])),
  )
}

function takeCards(paths: CardPaths): void {
  for (const [id, path] of Object.entries(paths)) cards.set(id, path)
}

function placeOf({ id, thread }: ShownTurn): Place {
  const title = threads.get(thread)?.title ?? 'an older one'
  const card = cards.get(thread)
  return card === undefined
    ? { path: `/chat/${thread}#${id}`, words: `In the chat “${title}”` }
    : { path: card, words: `On the card “${title}”` }
}

function choose(turn: string, isChosen: boolean): void {
  if (isChosen) chosen.add(turn)
  else chosen.delete(turn)
  showChosen()
}

function showChosen(): void {
  const none = chosen.size === 0
  byId('chosen-count').textContent = none
    ? 'Choose turns to forget them.'
    : `${countWords(chosen.size, 'turn')} chosen.`
  byId('choose-none').hidden = none
  byId<HTMLButtonElement>('forget-chosen').disabled = none
}

/** What is being read must not move: a person asks for what is new. */
async function lookForNews(): Promise<void> {
  if (query !== '' || byId('said-news').children.length > 0) return
  const reply = await post<TimelineReply>('/api/memory/timeline', { ...filter(), limit: 1 }).catch(
    () => undefined,
  )
  if (reply === undefined || isShown(reply)) return
  const button = el(
    'button',
    { class: 'btn sm', type: 'button', click: () => void show() },
    'Show what is new',
  )
  const words = el('span', { class: 'small' }, 'Something was said or forgotten meanwhile.')
  byId('said-news').replaceChildren(el('div', { class: 'body row wrap' }, words, button))
}

function isShown({ turns, omitted }: TimelineReply): boolean {
  return turns.length + omitted === total && turns[0]?.id === shown[0]?.id
}

function takeSpeakers(speakers: readonly string[]): void {
  const select = byId<HTMLSelectElement>('speaker')
  const { value } = select
  const others = speakers.map((speaker) =>
    el('option', { value: speaker, selected: speaker === value }, nameOf(speaker)),
  )
  select.replaceChildren(el('option', { value: '' }, 'Anybody'), ...others)
}

/** The chats that can be forgotten whole, and those that nothing keeps. */
async function showThreads(): Promise<void> {
  const reply = await get<MemoryThreadsReply>('/api/memory/threads').catch(() => ({ threads: [] }))
  for (const thread of reply.threads) threads.set(thread.id, thread)
  showOffTheRecord(reply.threads, () => void showThreads())
  const select = byId<HTMLSelectElement>('thread')
  const { value } = select
  const kept = reply.threads.filter(({ offTheRecord }) => !offTheRecord)
  const options = kept.map(({ id, title, turns }) =>
    el('option', { value: id, selected: id === value }, `${title} (${countWords(turns, 'turn')})`),
  )
  select.replaceChildren(el('option', { value: '' }, 'Choose a chat'), ...options)
}
