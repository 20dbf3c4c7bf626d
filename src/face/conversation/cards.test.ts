import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import { createUuidV7, RunaError } from '#protocol'
import { all, createHome, openConversation } from './fixture.ts'
import { answersOf } from './remembering/answers.ts'

// What a board asks of a conversation.

let home: string
let remove: () => Promise<void>
beforeEach(async () => {
  ;({ home, remove } = await createHome())
})
afterEach(() => remove())

test('a thread may have an id that was chosen for it, and remembers what was said in it', async () => {
  const { client, requests } = await openConversation(home)
  const thread = createUuidV7()
  await assert.rejects(all(client.turn({ question: 'One?', thread })), { code: 'THREAD_UNKNOWN' })
  await all(client.turn({ question: 'One?', thread, begin: true }))
  await all(client.turn({ question: 'Two?', thread, begin: true }))
  assert.deepEqual(
    requests
      .at(-1)
      ?.messages.slice(1, 3)
      .map(({ content }) => content),
    ['One?', 'So.'],
  )
  assert.equal((await client.thread({ id: thread })).turns.length, 2)
})

test('instructions follow the persona, and what is no message is not heard', async () => {
  const heard: string[] = []
  const observe = async ({ message }: { message: string }) => {
    heard.push(message)
    return { changed: [], counted: false }
  }
  const { client, requests } = await openConversation(home, { snarf: { observe } })
  const about = { thread: createUuidV7(), begin: true, persona: 'default', instructions: 'Answer in rhyme.' }
  await all(client.turn({ ...about, question: 'A title', heard: false }))
  await all(client.turn({ ...about, question: 'A comment' }))
  assert.match(requests[0]?.messages[0]?.content ?? '', /^Be kind\.\s+Answer in rhyme\./)
  assert.deepEqual(heard, ['A comment'])
})

test('many answers are told at once, and of those that are gone it is said why', async () => {
  const { client } = await openConversation(home)
  const items = await all(client.turn({ question: 'One?' }))
  const end = items.at(-1)
  assert.ok(end?.kind === 'end')
  const unknown = createUuidV7()
  const told = await client.answers({ ids: [unknown, end.turn.id] })
  assert.deepEqual(told, { turns: [end.turn], forgotten: [], unknown: [unknown] })
})

test('a forgotten answer is named, and what one message cannot hold is left for the next', async () => {
  const { client } = await openConversation(home)
  const end = (await all(client.turn({ question: 'One?' }))).at(-1)
  assert.ok(end?.kind === 'end')
  const record = await client.answer({ id: end.turn.id })
  const forgotten = createUuidV7()
  const large = { ...record, answer: 'x'.repeat(300_000) }
  const told = await answersOf([forgotten, 'a', 'b', 'c'], async (id) => {
    if (id === forgotten) throw new RunaError('TURN_FORGOTTEN')
    return { record: large }
  })
  assert.deepEqual([told.forgotten, told.turns.length, told.unknown], [[forgotten], 1, []])
})
