import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { AppState, Card } from '#face/threadwell'
import { replaceJournal } from '#kernel/journal'
import { createUuidV7 } from '#protocol'
import { designFirstBoard } from '../../src/face/threadwell/board/first-board.ts'
import { snapshotRecords } from '../../src/face/threadwell/board/snapshot.ts'
import { openPage, type Page } from './page.ts'
import { createTestRuna, kill, UP, until } from './test-runa.ts'

const runa = createTestRuna()
after(() => runa.remove())

const folder = join(runa.home, 'boards')
const TITLE = 'The board under the flower pot'
const board = designFirstBoard({ id: createUuidV7(), title: TITLE, version: 0, lists: [], removed: [] })
let page: Page

async function cardOf(id: string): Promise<Card | undefined> {
  const { lists } = await page.board()
  return lists.flatMap(({ cards }) => cards).find((card) => card.id === id)
}

/** The id of a card that an assistant has answered. */
async function answeredCard(title: string): Promise<string> {
  const id = await page.change({ kind: 'addCard', list: board.lists[1]?.id, title })
  await until(async () => ((await cardOf(id))?.comments.length ?? 0) > 0)
  return id
}

const missingOn = async (card: string) => (await cardOf(card))?.comments[0]?.missing

test('boards in clear are sealed at the start, and assistants answer on them as before', async () => {
  mkdirSync(folder, { mode: 0o700 })
  const records = [...snapshotRecords(board)].map((record) => Buffer.from(JSON.stringify(record)))
  await replaceJournal(join(folder, `${board.id}.journal`), records)
  page = await openPage((await runa.start()).address)
  assert.equal((await page.board()).title, TITLE)
  await until(async () => (await page.get<AppState>('/api/state')).topics.length > 0)
  const card = await answeredCard('What is an assistant list?')
  const [comment] = (await cardOf(card))?.comments ?? []
  assert.match(comment?.text ?? '', /assistant list/)
  assert.ok(comment?.answer)
  assert.ok(comment.citations.length > 0)
  for (const name of readdirSync(folder)) {
    assert.doesNotMatch(readFileSync(join(folder, name), 'latin1'), /flower|assistant|title/i, name)
  }
})

test('what the memory forgets is on no board any more, also where nobody listened at that moment', async () => {
  const [first, second] = [await answeredCard('What is a board?'), await answeredCard('What is a card?')]
  await runa.ask('memory', 'forget', '--thread', first, '--yes')
  await until(async () => (await missingOn(first)) === 'forgotten')
  assert.equal(await missingOn(second), null)
  const { pid } = await runa.status('threadwell')
  process.kill(pid ?? 0, 'SIGSTOP')
  await runa.ask('memory', 'forget', '--thread', second, '--yes')
  kill(pid ?? 0)
  await until(async () => (await missingOn(second).catch(() => undefined)) === 'forgotten')
  assert.match((await cardOf(second))?.comments[0]?.text ?? '', /forgotten/)
})

test('without coven boards are locked and left as they are, and documents and chats work', async () => {
  await runa.runa('down')
  const before = readFileSync(join(folder, `${board.id}.journal`))
  page = await openPage((await runa.start([...UP, '--without-coven'])).address)
  await assert.rejects(page.board(), /SECRETS_MISSING/)
  const { faults, boards } = await page.get<AppState>('/api/state')
  assert.deepEqual(boards, [])
  assert.ok(faults.some(({ service, code }) => service === 'threadwell' && code === 'SECRETS_MISSING'))
  const found = await page.post('/api/search', { topics: ['handbook'], query: 'What is a board?' })
  assert.match(JSON.stringify(found), /board/)
  const { answer, notices } = await page.ask('What is a board?', { topics: ['handbook'] })
  assert.match(answer, /board/)
  assert.ok(notices.some(({ kind }) => kind === 'not-kept'))
  assert.deepEqual(readFileSync(join(folder, `${board.id}.journal`)), before)
})
