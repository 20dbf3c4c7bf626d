import { randomBytes } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { replaceJournal } from '#kernel/journal'
import { createUuidV7 } from '#protocol'
import { applyChange } from '../../src/face/threadwell/board/apply-change.ts'
import { openBoardLog } from '../../src/face/threadwell/board/board-log.ts'
import { designFirstBoard } from '../../src/face/threadwell/board/first-board.ts'
import { snapshotRecords } from '../../src/face/threadwell/board/snapshot.ts'
import { liveAndDie } from './mortal.ts'
import type { TortureOptions, TortureRow } from './row.ts'

const WORKER = fileURLToPath(new URL('boards-worker.js', import.meta.url))
const LIFE_MS_MAX = 120
/** A new board in clear after so few deaths, so that many of them fall into its sealing. */
const DEATHS_PER_BOARD = 4
const CARDS = 300

/** Kills who seals a board, folds it and adds to it at random moments, and looks for what was acknowledged. */
export async function tortureBoards({ faults, random }: TortureOptions): Promise<TortureRow[]> {
  const planted = await runStorm('hasty', Math.max(12, Math.ceil(faults / 4)), random)
  return [
    { case: 'seal, fold and add cards', ...(await runStorm('careful', faults, random)) },
    { case: 'planted: acknowledged too early', ...planted, found: planted.lost > 0 },
  ]
}

async function runStorm(role: string, faults: number, random: () => number) {
  const counts = { faults, lost: 0, torn: 0, wedged: 0, clear: 0, acknowledged: 0 }
  for (let left = faults; left > 0; left -= DEATHS_PER_BOARD) {
    const folder = await mkdtemp(join(tmpdir(), 'runa-torture-boards-'))
    try {
      const path = join(folder, 'board.journal')
      const seal = { key: randomBytes(32), name: 'board' }
      const cards = new Set(await writeClearBoard(path))
      for (let death = 0; death < Math.min(left, DEATHS_PER_BOARD); death += 1) {
        const life = [WORKER, role, path, seal.key.toString('hex'), seal.name]
        const acknowledged = await liveAndDie(life, random() * LIFE_MS_MAX)
        if (acknowledged === undefined) counts.wedged += 1
        for (const id of acknowledged ?? []) cards.add(id)
      }
      const { log, board } = await openBoardLog(path, seal)
      await log.close()
      const found = new Set(board.lists.flatMap((list) => list.cards.map(({ id }) => id)))
      counts.acknowledged += cards.size
      counts.lost += [...cards].filter((id) => !found.has(id)).length
      counts.clear += await countClear(folder)
    } finally {
      await rm(folder, { recursive: true })
    }
  }
  return counts
}

/** As boards lay there before they were sealed. Returns the ids of its cards. */
async function writeClearBoard(path: string): Promise<string[]> {
  let board = designFirstBoard({ id: createUuidV7(), title: 'x', version: 0, lists: [], removed: [] })
  const list = board.lists[0]?.id ?? ''
  const ids = Array.from({ length: CARDS }, () => createUuidV7())
  for (const [at, id] of ids.entries()) {
    const text = `said ${id} ${'word '.repeat(300)}`
    board = applyChange(board, { id, at, change: { kind: 'addCard', list, title: 'card', text } })
  }
  await replaceJournal(
    path,
    [...snapshotRecords(board)].map((record) => Buffer.from(JSON.stringify(record))),
  )
  return ids
}

/** Files in which somebody who has no key can read what was said. */
async function countClear(folder: string): Promise<number> {
  const files = await Promise.all(
    (await readdir(folder)).map((name) => readFile(join(folder, name), 'latin1')),
  )
  return files.filter((content) => content.includes('said ')).length
}
