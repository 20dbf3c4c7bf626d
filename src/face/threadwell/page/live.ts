import type { AppState, BoardEvent, ThreadsEvent } from '../api.ts'
import { type Announcement, openEventStream } from './event-stream.ts'
import { get } from './http.ts'

type Reader<Content> = (content: Content) => void

const readers = {
  board: new Set<Reader<BoardEvent>>(),
  state: new Set<Reader<AppState>>(),
  threads: new Set<Reader<ThreadsEvent>>(),
  manner: new Set<Reader<null>>(),
  online: new Set<Reader<boolean>>(),
}

/** Numbers must not change more often than this. */
const STATE_PAUSE_MS = 2_000
let stateTimer: ReturnType<typeof setTimeout> | undefined
let stateAt = 0
let state: AppState | undefined

export function onBoardEvent(reader: Reader<BoardEvent>): void {
  readers.board.add(reader)
}

/** Called with what is known now, and again whenever it changes. */
export function onState(reader: Reader<AppState>): void {
  readers.state.add(reader)
  if (state !== undefined) reader(state)
}

export function onThreads(reader: Reader<ThreadsEvent>): void {
  readers.threads.add(reader)
}

/** How the person likes to be spoken to was changed, here or elsewhere. */
export function onManner(reader: Reader<null>): void {
  readers.manner.add(reader)
}

/** Called after every connection and every loss of one. After `true`, ask again: something may have been missed. */
export function onConnection(reader: Reader<boolean>): void {
  readers.online.add(reader)
}

/** Asks for the state soon; many calls make one request. */
function refreshState(): void {
  if (stateTimer !== undefined) return
  const pauseMs = Math.max(0, stateAt + STATE_PAUSE_MS - Date.now())
  stateTimer = setTimeout(async () => {
    stateTimer = undefined
    stateAt = Date.now()
    const fresh = await get<AppState>('/api/state').catch(() => undefined)
    if (fresh === undefined) return
    state = fresh
    for (const reader of readers.state) reader(fresh)
  }, pauseMs)
}

function hear({ event, content }: Announcement): void {
  if (event === 'board') {
    for (const reader of readers.board) reader(content as BoardEvent)
  } else if (event === 'threads') {
    for (const reader of readers.threads) reader(content as ThreadsEvent)
  } else if (event === 'manner') {
    for (const reader of readers.manner) reader(null)
  } else if (event === 'online' || event === 'offline') {
    for (const reader of readers.online) reader(event === 'online')
  }
  if (event === 'state' || event === 'online') refreshState()
}

/** Begins to listen, through the worker that all tabs share where the browser has one. */
export function listen(): void {
  refreshState()
  if (typeof SharedWorker === 'undefined') {
    openEventStream(hear)
    return
  }
  const worker = new SharedWorker(new URL('./events-worker.js', import.meta.url), {
    type: 'module',
    name: 'threadwell',
  })
  worker.port.addEventListener('message', (message: MessageEvent<Announcement>) => hear(message.data))
  worker.port.start()
  addEventListener('pagehide', () => worker.port.postMessage('bye'))
  // A page that comes back from the browser's store of pages has said good-bye already.
  addEventListener('pageshow', (event) => {
    if (event.persisted) location.reload()
  })
}
