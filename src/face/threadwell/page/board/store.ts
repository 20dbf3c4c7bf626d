import type { Board, BoardsReply, Card, Change, ChangeReply, List, RunRequest } from '../../api.ts'
import { get, post } from '../http.ts'
import { onBoardEvent, onConnection, onState } from '../live.ts'

/** The board on this page: what the server says it is, and never anything else. */
export interface BoardStore {
  current(): Board
  card(id: string): { readonly card: Card; readonly list: List; readonly at: number } | undefined
  list(id: string): List | undefined
  send(change: Change): Promise<ChangeReply>
  run(card: string, action: RunRequest['action']): Promise<void>
  /** Until the release, what others change waits: nothing moves under the hands of the person. */
  hold(): void
  release(): void
  subscribe(reader: (board: Board) => void): void
}

/** The board that the address names, else the first. */
export async function openBoard(): Promise<BoardStore> {
  const named = /^\/board\/([^/]+)$/.exec(location.pathname)?.[1]
  const id = named ?? (await get<BoardsReply>('/api/boards')).boards[0]?.id
  if (id === undefined) throw new Error('there is no board')
  return createStore(await get<Board>(`/api/boards/${id}`))
}

function createStore(first: Board): BoardStore {
  const path = `/api/boards/${first.id}`
  const readers = new Set<(board: Board) => void>()
  let board = first
  let isHeld = false

  function take(fresh: Board): void {
    // An answer that was overtaken on its way is older than what is shown.
    if (fresh.version < board.version) return
    board = fresh
    if (!isHeld) show()
  }

  function show(): void {
    for (const reader of readers) reader(board)
  }

  async function fetchAgain(): Promise<void> {
    const fresh = await get<Board>(path).catch(() => undefined)
    if (fresh !== undefined) take(fresh)
  }

  onBoardEvent((event) => {
    if (event.board === board.id && event.version > board.version) void fetchAgain()
  })
  // An answer that nobody could tell may be told now: the state changes when a service comes back.
  onState(() => {
    if (board.lists.some((list) => list.cards.some(isWithoutAnswer))) void fetchAgain()
  })
  onConnection((isOnline) => {
    if (isOnline) void fetchAgain()
  })

  return {
    current: () => board,
    list: (id) => board.lists.find((list) => list.id === id),
    card(id) {
      for (const list of board.lists) {
        const at = list.cards.findIndex((card) => card.id === id)
        const card = list.cards[at]
        if (card !== undefined) return { card, list, at }
      }
      return undefined
    },
    async send(change) {
      const reply = await post<ChangeReply>(`${path}/changes`, { change })
      take(reply.board)
      return reply
    },
    async run(card, action) {
      take((await post<ChangeReply>(`/api/cards/${card}/run`, { action })).board)
    },
    hold() {
      isHeld = true
    },
    release() {
      isHeld = false
      show()
    },
    subscribe(reader) {
      readers.add(reader)
      reader(board)
    },
  }
}

function isWithoutAnswer({ comments }: Card): boolean {
  return comments.some(({ missing }) => missing === 'unreachable')
}
