import assert from 'node:assert/strict'
import { mkdir, readdir, readFile, rename as renameFile, rmdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { replaceJournal } from '#kernel/journal'
import { createUuidV7 } from '#protocol'
import { LIMITS } from '../limits.ts'
import { withFolder } from '../stand-ins.ts'
import { createBoardLog, openBoardLog } from './board-log.ts'
import { openBoards } from './boards.ts'
import type { BoardState, Entry } from './entry.ts'
import { designFirstBoard } from './first-board.ts'
import { snapshotRecords } from './snapshot.ts'

const KEY = Buffer.alloc(32, 7)
const SEAL = { key: KEY, name: 'board' }

const add = (list: string, title: string) => ({ kind: 'addCard', list, title, text: '' }) as const

function titlesOf(board: BoardState): string[] {
  return board.lists.flatMap((list) => list.cards.map((card) => card.title))
}

test('what was acknowledged is there after the next start', () =>
  withFolder(async (folder) => {
    const boards = await openBoards(folder, KEY)
    const { id, lists } = await boards.create('Mine', designFirstBoard)
    const [inbox = ''] = lists.map((list) => list.id)
    const { created } = await boards.change(id, add(inbox, 'buy milk'))
    await boards.change(id, { kind: 'addComment', card: created ?? '', text: 'two bottles' })
    const before = boards.get(id)
    await boards.close()
    const again = await openBoards(folder, KEY)
    assert.deepEqual(again.get(id), before)
    assert.deepEqual(again.names(), [{ id, title: 'Mine' }])
    await again.close()
  }))

test('changes that arrive at once are made one after the other, and each sees the one before', () =>
  withFolder(async (folder) => {
    const boards = await openBoards(folder, KEY)
    const { id, lists, version } = await boards.create('Mine', designFirstBoard)
    const inbox = lists[0]?.id ?? ''
    const replies = await Promise.all(
      Array.from({ length: 20 }, (_, count) => boards.change(id, add(inbox, `card ${count}`))),
    )
    assert.deepEqual(
      replies.map((reply) => reply.version),
      Array.from({ length: 20 }, (_, count) => version + count + 1),
    )
    assert.equal(titlesOf(boards.get(id)).length, 21)
    await boards.close()
  }))

test('a change for an older version is refused, and so is a bad one, and both change nothing', () =>
  withFolder(async (folder) => {
    const boards = await openBoards(folder, KEY)
    const { id, version } = await boards.create('Mine', designFirstBoard)
    const heard: number[] = []
    boards.listen((board) => heard.push(board.version))
    const stale = boards.change(id, { kind: 'renameBoard', title: 'Other' }, version - 1)
    await assert.rejects(stale, { code: 'VERSION_CONFLICT' })
    await assert.rejects(boards.change(id, add(createUuidV7(), 'nowhere')), { code: 'BOARD_UNKNOWN' })
    await assert.rejects(boards.change(createUuidV7(), add(createUuidV7(), 'x')), { code: 'BOARD_UNKNOWN' })
    assert.deepEqual([boards.get(id).version, heard], [version, []])
    await boards.close()
  }))

test('a queue of changes that the disk does not keep up with is refused', () =>
  withFolder(async (folder) => {
    const boards = await openBoards(folder, KEY)
    const { id } = await boards.create('Mine')
    const changes = Array.from({ length: LIMITS.changesWaitingMax + 1 }, () =>
      boards.change(id, { kind: 'renameBoard', title: 'Other' }),
    )
    await assert.rejects(changes.at(-1) as Promise<unknown>, { code: 'BUSY' })
    await Promise.all(changes.slice(0, -1))
    await boards.close()
  }))

test('a damaged board is left as it is and named, and the others work', () =>
  withFolder(async (folder) => {
    const first = await openBoards(folder, KEY)
    const { id } = await first.create('Mine')
    await first.close()
    const broken = createUuidV7()
    await writeFile(join(folder, `${broken}.journal`), 'my only diary')
    const boards = await openBoards(folder, KEY)
    assert.deepEqual(boards.names(), [{ id, title: 'Mine' }])
    assert.match(boards.faults[0]?.message ?? '', new RegExp(broken))
    assert.ok((await readdir(folder)).includes(`${broken}.journal`))
    await boards.close()
  }))

test('one board too many is refused, also when many arrive at once', () =>
  withFolder(async (folder) => {
    const boards = await openBoards(folder, KEY)
    const creations = Array.from({ length: LIMITS.boardsMax + 2 }, () => boards.create('Mine'))
    const refused = (await Promise.allSettled(creations)).filter(({ status }) => status === 'rejected')
    assert.equal(refused.length, 2)
    assert.equal(boards.names().length, LIMITS.boardsMax)
    await boards.close()
  }))

async function newLog(folder: string) {
  const path = join(folder, 'board.journal')
  const board = designFirstBoard({ id: createUuidV7(), title: 'Mine', version: 0, lists: [], removed: [] })
  await createBoardLog(path, SEAL, board)
  const rename = (title: string): Entry => ({
    id: createUuidV7(),
    at: 1,
    change: { kind: 'renameBoard', title },
  })
  return { path, board, rename }
}

test('a log folds itself into a snapshot, again and again, and loses nothing', () =>
  withFolder(async (folder) => {
    const { path, rename } = await newLog(folder)
    const { log } = await openBoardLog(path, SEAL, { compactAtBytes: 4_096 })
    let board: BoardState | undefined
    for (let count = 0; count < 200; count += 1) board = await log.append(rename(`title ${count}`))
    await log.close()
    assert.ok((await stat(path)).size < 10_000, 'two hundred renamings do not stay in the file')
    const again = await openBoardLog(path, SEAL)
    assert.deepEqual(again.board, board)
    await again.log.close()
  }))

test('a full board says so, keeps what it has, and takes on what fits', () =>
  withFolder(async (folder) => {
    const { path, board, rename } = await newLog(folder)
    const { log } = await openBoardLog(path, SEAL, { sizeBytesMax: 6_000 })
    const list = board.lists[0]?.id ?? ''
    const large: Entry = {
      id: createUuidV7(),
      at: 1,
      change: { kind: 'addCard', list, title: 'x', text: 'x'.repeat(8_000) },
    }
    await assert.rejects(log.append(large), { code: 'BOARD_FULL' })
    for (let count = 0; count < 100; count += 1) await log.append(rename(`title ${count}`))
    await log.close()
    const again = await openBoardLog(path, SEAL)
    assert.deepEqual([again.board.title, titlesOf(again.board)], ['title 99', titlesOf(board)])
    await again.log.close()
  }))

test('what could not be read again is not written', () =>
  withFolder(async (folder) => {
    const { path, board, rename } = await newLog(folder)
    const { log } = await openBoardLog(path, SEAL)
    await assert.rejects(log.append(rename('x'.repeat(LIMITS.titleLengthMax + 1))), { code: 'BAD_INPUT' })
    await log.close()
    const again = await openBoardLog(path, SEAL)
    assert.deepEqual(again.board, board)
    await again.log.close()
  }))

test('boards that lie in clear are sealed when they are opened, and stay what they were', () =>
  withFolder(async (folder) => {
    const id = createUuidV7()
    const board = designFirstBoard({ id, title: 'Flower pots', version: 0, lists: [], removed: [] })
    const records = [...snapshotRecords(board)].map((record) => Buffer.from(JSON.stringify(record)))
    const path = join(folder, `${id}.journal`)
    await replaceJournal(path, records)
    assert.match(await readFile(path, 'latin1'), /Flower pots/)
    const boards = await openBoards(folder, KEY)
    assert.deepEqual(boards.get(id), board)
    await boards.close()
    assert.doesNotMatch(await readFile(path, 'latin1'), /Flower pots/)
    assert.deepEqual(await readdir(folder), [`${id}.journal`])
  }))

test('a clear board that turns up after all were sealed is left out and named', () =>
  withFolder(async (folder) => {
    const first = await openBoards(folder, KEY)
    const { id } = await first.create('Mine')
    const { id: stays } = await first.create('Stays')
    await first.close()
    const forged = { id, title: 'Forged', version: 9, lists: [], removed: [] }
    const path = join(folder, `${id}.journal`)
    const records = [...snapshotRecords(forged)].map((record) => Buffer.from(JSON.stringify(record)))
    await replaceJournal(path, records)
    const boards = await openBoards(folder, KEY, { takesClear: false })
    assert.deepEqual(boards.names(), [{ id: stays, title: 'Stays' }])
    assert.deepEqual(
      boards.faults.map(({ code }) => code),
      ['SEAL_BROKEN'],
    )
    await boards.close()
  }))

test('a log that could not be opened again after it was folded is opened once the disk is well', () =>
  withFolder(async (folder) => {
    const { path, rename } = await newLog(folder)
    const { log } = await openBoardLog(path, SEAL, { compactAtBytes: 4_096 })
    await renameFile(path, `${path}.aside`)
    await mkdir(path)
    let last: BoardState | undefined
    const fill = async () => {
      for (let count = 0; count < 100; count += 1) last = await log.append(rename(`title ${count}`))
    }
    // The log is written to where it was, until it is to be folded: then a folder is in its place.
    await assert.rejects(fill(), { code: 'EISDIR' })
    await assert.rejects(log.append(rename('not yet')), { code: 'EISDIR' })
    await rmdir(path)
    await renameFile(`${path}.aside`, path)
    const mended = await log.append(rename('mended'))
    assert.equal(mended.version, (last?.version ?? 0) + 1)
    await log.close()
    const again = await openBoardLog(path, SEAL)
    assert.deepEqual(again.board, mended)
    await again.log.close()
  }))
