import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { createUuidV7 } from '#protocol'
import { withFolder } from '../stand-ins.ts'
import { createAnswerTexts } from './answer-texts.ts'
import { type Boards, openBoards } from './boards.ts'
import { designFirstBoard } from './first-board.ts'
import { createForgetting } from './forgetting.ts'

const KEY = Buffer.alloc(32, 7)
const noTexts = createAnswerTexts({ answers: async () => ({ turns: [], forgotten: [], unknown: [] }) })

/** A board with one card for each answer; the second one was taken off. */
async function boardWithAnswers(boards: Boards, answers: readonly string[]): Promise<string> {
  const { id, lists } = await boards.create('Mine', designFirstBoard)
  const list = lists[1]?.id ?? ''
  for (const [index, answer] of answers.entries()) {
    const { created } = await boards.change(id, { kind: 'addCard', list, title: 'ask', text: '' })
    const card = created ?? ''
    const attempt = boards.get(id).lists[1]?.cards.find((each) => each.id === card)?.run?.attempt
    const nothing = { reason: '', text: '', citations: [], state: 'needs-you' as const }
    await boards.change(id, { kind: 'finishRun', card, attempt: attempt ?? '', ...nothing, answer })
    if (index === 1) await boards.change(id, { kind: 'removeCard', card })
  }
  return id
}

function missingOn(boards: Boards, id: string) {
  const { lists, removed } = boards.get(id)
  const cards = [...lists.flatMap((list) => list.cards), ...removed.map(({ card }) => card)]
  const comments = cards.flatMap((card) => card.comments)
  return Object.fromEntries(comments.map(({ answer, missing }) => [answer, missing]))
}

test('what the memory forgets is marked on each card, for good', () =>
  withFolder(async (folder) => {
    const boards = await openBoards(folder, KEY)
    const [kept, removed, gone] = [createUuidV7(), createUuidV7(), createUuidV7()]
    const id = await boardWithAnswers(boards, [kept, removed, gone])
    const { forget } = createForgetting(boards, noTexts, { forgottenAmong: async () => ({ turns: [] }) })
    const { version } = boards.get(id)
    await forget([gone, removed, createUuidV7()])
    const marked = { [kept]: null, [removed]: 'forgotten', [gone]: 'forgotten' }
    assert.deepEqual(missingOn(boards, id), marked)
    assert.equal(boards.get(id).version, version + 1)
    await forget([gone])
    assert.equal(boards.get(id).version, version + 1, 'nothing is written twice')
    await boards.close()
    const again = await openBoards(folder, KEY)
    assert.deepEqual(missingOn(again, id), marked)
    await again.close()
  }))

test('what was forgotten while nobody listened is caught up with', () =>
  withFolder(async (folder) => {
    const boards = await openBoards(folder, KEY)
    const [kept, gone] = [createUuidV7(), createUuidV7()]
    const id = await boardWithAnswers(boards, [gone, kept])
    const asked: string[][] = []
    const { catchUp } = createForgetting(boards, noTexts, {
      async forgottenAmong({ turns }) {
        asked.push([...turns])
        return { turns: turns.filter((turn) => turn === gone) }
      },
    })
    await catchUp()
    await catchUp()
    assert.deepEqual(missingOn(boards, id), { [kept]: null, [gone]: 'forgotten' })
    assert.deepEqual(asked, [[gone, kept], [kept]])
    await boards.close()
  }))

test('no word of a board is on the disk, and nobody opens one with another key', () =>
  withFolder(async (folder) => {
    const boards = await openBoards(folder, KEY)
    const { id, lists } = await boards.create('Flower pots', designFirstBoard)
    const list = lists[0]?.id ?? ''
    const { created } = await boards.change(id, { kind: 'addCard', list, title: 'flowers', text: 'flowers' })
    await boards.change(id, { kind: 'addComment', card: created ?? '', text: 'more flowers' })
    await boards.close()
    for (const name of await readdir(folder)) {
      assert.doesNotMatch(await readFile(join(folder, name), 'latin1'), /flower|title|comment/i)
    }
    const locked = await openBoards(folder, Buffer.alloc(32, 8))
    assert.deepEqual([locked.names(), locked.faults.map(({ code }) => code)], [[], ['SEAL_BROKEN']])
    await locked.close()
    const again = await openBoards(folder, KEY)
    assert.equal(again.get(id).lists[0]?.cards.at(-1)?.comments[0]?.text, 'more flowers')
    await again.close()
  }))
