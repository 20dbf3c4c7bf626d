// Opens a board, which seals it first where it lies in clear, and adds cards until it is killed. It says on stdout what it
// was told is on the disk.
import { writeSync } from 'node:fs'
import { createUuidV7 } from '#protocol'
import { openBoardLog } from '../../src/face/threadwell/board/board-log.ts'

const [role, path = '', key = '', name = ''] = process.argv.slice(2)
/** Small, so that deaths fall into the middle of folding as well. */
const COMPACT_AT_BYTES = 64 * 1_024
const CARDS_MAX = 1_500

writeSync(1, 'ready\n')
const seal = { key: Buffer.from(key, 'hex'), name }
const { log, board } = await openBoardLog(path, seal, { compactAtBytes: COMPACT_AT_BYTES })
const list = board.lists[0]?.id ?? ''
const written = board.lists[0]?.cards.length ?? 0
for (let count = written; count < CARDS_MAX; count += 1) {
  const id = createUuidV7()
  const text = `said ${id} ${'word '.repeat(count % 9 === 0 ? 3_000 : count % 50)}`
  const added = log.append({ id, at: count, change: { kind: 'addCard', list, title: 'card', text } })
  // The planted fault: it believes what is only on its way to the disk.
  if (role === 'hasty') writeSync(1, `${id}\n`)
  await added
  if (role !== 'hasty') writeSync(1, `${id}\n`)
}
