import { createUuidV7, RunaError } from '#protocol'
import type { Board, ChangeReply } from '../api.ts'
import { LIMITS } from '../limits.ts'
import type { BoardLog } from './board-log.ts'
import type { BoardState, Entry } from './entry.ts'

export interface OpenBoard {
  readonly current: BoardState
  change(change: Entry['change'], version?: number): Promise<ChangeReply>
  /** Waits for the changes that were accepted so far. */
  close(): Promise<void>
}

/** One change at a time, each on the disk before the next is looked at: what people see is what would be read again. */
export function createOpenBoard(
  log: BoardLog,
  opened: BoardState,
  announce: (board: BoardState) => void,
  nowMs: () => number,
): OpenBoard {
  let current = opened
  let waiting = 0
  let last: Promise<unknown> = Promise.resolve()

  async function apply(change: Entry['change'], version: number | undefined): Promise<ChangeReply> {
    if (version !== undefined && version !== current.version) {
      throw new RunaError(
        'VERSION_CONFLICT',
        `The board is at version ${current.version}, not at ${version} any more.`,
      )
    }
    const at = nowMs()
    const entry: Entry = { id: createUuidV7(at), at, change }
    current = await log.append(entry)
    announce(current)
    return { version: current.version, board: toBoard(current), created: createdBy(entry) }
  }

  return {
    get current() {
      return current
    },
    change(change, version) {
      if (waiting >= LIMITS.changesWaitingMax) {
        return Promise.reject(new RunaError('BUSY', 'Too many changes of this board wait for the disk.'))
      }
      waiting += 1
      const applied = last.then(() => apply(change, version))
      last = applied.catch(() => {}).finally(() => (waiting -= 1))
      return applied
    },
    async close() {
      await last
      await log.close()
    },
  }
}

function createdBy({ id, change }: Entry): string | null {
  return ['addList', 'addCard', 'addComment'].includes(change.kind) ? id : null
}

/** What pages see of a board. */
export function toBoard({ removed: _, ...board }: BoardState): Board {
  return board
}
