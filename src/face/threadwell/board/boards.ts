import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { makeFolders } from '#kernel/sys'
import { createUuidV7, type ErrorCode, RunaError } from '#protocol'
import type { BoardName, ChangeReply } from '../api.ts'
import { LIMITS } from '../limits.ts'
import { createBoardLog, openBoardLog } from './board-log.ts'
import type { BoardState, Entry } from './entry.ts'
import { createOpenBoard, type OpenBoard } from './open-board.ts'

const LOG_NAME = /^([0-9a-f-]{36})\.journal$/

interface BoardFault {
  readonly code: ErrorCode
  /** A sentence. */
  readonly message: string
}

export interface Boards {
  names(): BoardName[]
  all(): BoardState[]
  /** Throws BOARD_UNKNOWN. */
  get(id: string): BoardState
  /** The board that a card is on. Throws BOARD_UNKNOWN. */
  ofCard(card: string): BoardState
  /** Rejects with BOARD_FULL. `design` lays out what is on it from the start. */
  create(title: string, design?: (empty: BoardState) => BoardState): Promise<BoardState>
  /**
   * Resolves once the change is durable. Rejects with what `applyChange` throws, VERSION_CONFLICT where `version` is
   * given and no longer the board's, BUSY, BOARD_FULL, DISK_FULL, JOURNAL_FAILED; and then nothing has changed.
   */
  change(id: string, change: Entry['change'], version?: number): Promise<ChangeReply>
  /** Calls after each change, once it is durable. Returns a function that ends it. */
  listen(listener: (board: BoardState) => void): () => void
  /** Logs that could not be opened. They are left as they are. */
  readonly faults: readonly BoardFault[]
  /** Why none of them could be opened. */
  readonly locked?: RunaError
  close(): Promise<void>
}

export interface BoardsOptions {
  readonly nowMs?: () => number
  /** Whether boards in clear may be from before they were sealed. Default: yes. */
  readonly takesClear?: boolean
}

/**
 * Opens every board in `folder`, sealed with keys that are derived from `key`. A damaged one is left out and named, and
 * the others work.
 */
export async function openBoards(
  folder: string,
  key: Uint8Array,
  { nowMs = Date.now, takesClear = true }: BoardsOptions = {},
): Promise<Boards> {
  makeFolders(folder)
  const boards = new Map<string, OpenBoard>()
  const faults: BoardFault[] = []
  let creating = 0
  const listeners = new Set<(board: BoardState) => void>()
  const announce = (board: BoardState) => {
    for (const listener of [...listeners]) listener(board)
  }
  const sealOf = (id: string) => ({ key, name: `board ${id}` })
  const pathOf = (id: string) => join(folder, `${id}.journal`)

  async function open(id: string): Promise<BoardState> {
    const { log, board } = await openBoardLog(pathOf(id), sealOf(id), { takesClear })
    boards.set(board.id, createOpenBoard(log, board, announce, nowMs))
    return board
  }

  function openBoard(id: string): OpenBoard {
    const board = boards.get(id)
    if (!board) throw new RunaError('BOARD_UNKNOWN', 'There is no such board.')
    return board
  }

  const ids = (await readdir(folder)).flatMap((name) => LOG_NAME.exec(name)?.[1] ?? []).sort()
  for (const id of ids) {
    await open(id).catch((error) => faults.push(faultOf(pathOf(id), error)))
  }

  return {
    faults,
    names: () => [...boards.values()].map(({ current: { id, title } }) => ({ id, title })),
    all: () => [...boards.values()].map((board) => board.current),
    get: (id) => openBoard(id).current,
    ofCard: (card) => boardOfCard([...boards.values()], card),
    async create(title, design = (empty) => empty) {
      // The ones on their way to the disk count too: otherwise many at once would slip past the limit.
      if (boards.size + creating >= LIMITS.boardsMax) {
        throw new RunaError('BOARD_FULL', `There are at most ${LIMITS.boardsMax} boards.`)
      }
      const id = createUuidV7(nowMs())
      const designed = design({ id, title, version: 0, lists: [], removed: [] })
      creating += 1
      const created = createBoardLog(pathOf(id), sealOf(id), designed).then(() => open(id))
      const board = await created.finally(() => (creating -= 1))
      announce(board)
      return board
    },
    change: async (id, change, version) => openBoard(id).change(change, version),
    listen(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    async close() {
      await Promise.all([...boards.values()].map((board) => board.close()))
    },
  }
}

function boardOfCard(boards: readonly OpenBoard[], card: string): BoardState {
  const found = boards.find(({ current }) =>
    current.lists.some((list) => list.cards.some(({ id }) => id === card)),
  )
  if (!found) throw new RunaError('BOARD_UNKNOWN', 'There is no such card.')
  return found.current
}

function faultOf(path: string, error: Error): BoardFault {
  const code = error instanceof RunaError ? error.code : 'JOURNAL_FAILED'
  return { code, message: `${path}: ${error.message}` }
}

/** In the place of boards that nobody has the key to: there are none, and whoever asks for one is told why. */
export function lockedBoards(locked: RunaError): Boards {
  const refuse = () => {
    throw locked
  }
  return {
    ...{ locked, get: refuse, ofCard: refuse },
    names: () => [],
    all: () => [],
    create: async () => refuse(),
    change: async () => refuse(),
    listen: () => () => {},
    faults: [{ code: locked.code, message: locked.message }],
    close: async () => {},
  }
}
