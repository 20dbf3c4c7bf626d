import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { homePaths } from '#kernel/home'
import { openJournal } from '#kernel/journal'
import { createUuidV7 } from '#protocol'
import type { Page } from './page.ts'
import { type TestRuna, until } from './test-runa.ts'

/** A word that no program and no language has, so that wherever it stands, it came from here. */
function createCanary(): string {
  return `zq${Array.from({ length: 14 }, () => 'bcdfghklmnprstvw'[randomInt(16)]).join('')}`
}

export type Canaries = Readonly<Record<string, string>>

/** Says a word of its own in every way in which a person can say something to Runa. By way, the word. */
export async function plantCanaries(runa: TestRuna, page: Page, documents: string): Promise<Canaries> {
  const canaries: Record<string, string> = {}
  const plant = (way: string): string => {
    canaries[way] = createCanary()
    return canaries[way]
  }

  const answerWord = plant('an answer that quotes')
  writeFileSync(join(documents, 'well.md'), `The keeper of the well is called ${answerWord}.\n`)
  await runa.ask('ingest', documents, '--topic', 'well')
  const { id, answer } = await page.ask('What is the keeper of the well called?', { topics: ['well'] })
  assert.ok(answer.includes(answerWord))
  await page.ask(`Tell me about ${plant('a turn')}.`)
  await page.ask(`Do not tell of ${plant('a turn off the record')}.`, { offTheRecord: true })
  await page.post('/api/search', { query: `Where is ${plant('a search')}?` })
  await runa.ask('speak', 'agree', 'learning')
  await page.ask(`Shorter, please. What is ${plant('a wish in words')}?`)
  await runa.ask('feedback', id, '--correction', `She is called ${plant('a correction')}.`)
  await runa.runaWith(plant('a secret'), 'secret', 'set', 'mail')
  await runa.ask('memory', 'recall', plant('a search in the memory'))
  await runa.ask('memory', 'forget', '--containing', plant('a wish to forget'))
  const { key } = await runa.ask('key', 'create', plant('the name of a key'))
  await askAsProgram(runa, String(key), plant('a question of a program'))
  await useBoard(page, plant)
  return canaries
}

async function askAsProgram(runa: TestRuna, key: string, word: string): Promise<void> {
  const { url } = (await runa.ask('status')) as { url: string }
  const messages = [{ role: 'user', content: `What is ${word}?` }]
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' }
  const init = { method: 'POST', headers, body: JSON.stringify({ model: 'runa', messages }) }
  assert.equal((await fetch(`${url}/v1/chat/completions`, init)).status, 200)
}

async function useBoard({ change, board }: Page, plant: (way: string) => string): Promise<void> {
  const assistant = await change({ kind: 'addList', title: 'An assistant of its own' })
  const review = await change({ kind: 'addList', title: 'Results' })
  const list = await change({ kind: 'addList', title: `List ${plant('the title of a list')}` })
  const prompt = `Think of ${plant('the task of an assistant')}.`
  const settings = { persona: 'default', prompt, topics: ['well'], resultsTo: review }
  await change({ kind: 'setAssistant', list: assistant, assistant: settings })
  await change({ kind: 'renameBoard', title: `Board ${plant('the title of a board')}` })
  const title = `What is the keeper of the well called, asks ${plant('the title of a card')}?`
  const text = `It is about ${plant('the text of a card')}.`
  const card = await change({ kind: 'addCard', list, title, text })
  await change({ kind: 'addComment', card, text: `And ${plant('a comment')}.` })
  await change({ kind: 'editCard', card, labels: [plant('a label')], prompt: plant('the task of a card') })
  await change({ kind: 'moveCard', card, list: assistant, at: 0 })
  await until(async () => {
    const cards = (await board()).lists.flatMap((one) => one.cards)
    return ['done', 'needs-you', 'failed'].includes(cards.find(({ id }) => id === card)?.run?.state ?? '')
  })
}

/** A home as Runa left it before it sealed anything. By what holds it, the word. */
export async function writeOldHome(home: string): Promise<Canaries> {
  const paths = homePaths(home)
  const canaries = {
    'an old turn': createCanary(),
    'an old board': createCanary(),
    'an old key': createCanary(),
  }
  const record = (count: number) => ({
    ...{ id: createUuidV7(), at: 1_790_000_000_000 + count, reason: 'stop', persona: 'default' },
    question: `Question ${count} about ${canaries['an old turn']}?`,
    answer: `I do not know ${canaries['an old turn']}.`,
    ...{ citations: [], notices: [], passages: [], verdicts: [], sampling: {} },
    prompt: [{ origin: 'question', role: 'user', text: `About ${canaries['an old turn']}?` }],
    model: { id: 'extractive', engine: 'extractive', digest: '' },
    usage: { promptTokens: 3, completionTokens: 3 },
    timings: { searchMs: 1, firstTokenMs: 1, totalMs: 1 },
  })
  const thread = createUuidV7()
  const turns = [1, 2, 3].map((count) => ({ kind: 'turn', turn: { thread, ...record(count) } }))
  await writeJournal(paths.threads, thread, turns)

  const board = createUuidV7()
  const entry = (change: object) => ({ record: 'entry', entry: { id: createUuidV7(), at: 1, change } })
  const [title, list] = [`Board ${canaries['an old board']}`, createUuidV7()]
  const lists = [{ id: list, title: 'Inbox', assistant: null }]
  await writeJournal(paths.boards, board, [
    { record: 'board', id: board, title, version: 1, lists },
    entry({ kind: 'addCard', list, title: `Card ${canaries['an old board']}`, text: 'More.' }),
  ])

  mkdirSync(paths.profile, { recursive: true })
  const profile = { format: 'runa-profile', version: 1, agreed: 'settings', paused: false, mode: 'focus' }
  writeFileSync(
    join(paths.profile, 'profile.json'),
    JSON.stringify({ ...profile, manner: { length: 'short' }, said: {}, days: [] }),
  )
  const key = { id: '0123456789ab', name: canaries['an old key'], createdAt: 1, usedAt: 0 }
  writeFileSync(join(home, 'keys.json'), JSON.stringify({ keys: [{ ...key, digest: '0'.repeat(64) }] }))
  return { ...canaries, 'an old profile': 'runa-profile' }
}

async function writeJournal(folder: string, name: string, records: readonly object[]): Promise<void> {
  mkdirSync(folder, { recursive: true })
  const { journal } = await openJournal(join(folder, `${name}.journal`))
  for (const record of records) await journal.append(Buffer.from(JSON.stringify(record)))
  await journal.close()
}
