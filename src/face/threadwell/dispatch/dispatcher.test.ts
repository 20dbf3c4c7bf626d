import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createUuidV7, RunaError } from '#protocol'
import type { Card, RunState } from '../api.ts'
import { type Boards, openBoards } from '../board/boards.ts'
import type { BoardState } from '../board/entry.ts'
import { designFirstBoard } from '../board/first-board.ts'
import { LIMITS } from '../limits.ts'
import type { Services } from '../services.ts'
import { deadServices, type StandIns, standInServices, turnItems, until, withFolder } from '../stand-ins.ts'
import { createDispatcher, type DispatcherOptions } from './dispatcher.ts'

type Ask = NonNullable<NonNullable<StandIns['conversation']>['turn']>

interface Desk {
  readonly boards: Boards
  readonly board: () => BoardState
  /** A new card in the assistant's list; its id. */
  readonly ask: (title: string) => Promise<string>
  readonly card: (id: string) => Card
  readonly titleOfListWith: (id: string) => string | undefined
  readonly stateOf: (id: string) => RunState | undefined
  readonly start: (
    services: Services,
    options?: Partial<DispatcherOptions>,
  ) => ReturnType<typeof createDispatcher>
}

/** A board with an assistant's list, and dispatchers on it. Everything is closed in the end. */
async function atDesk(use: (desk: Desk) => Promise<void>): Promise<void> {
  await withFolder(async (folder) => {
    const boards = await openBoards(folder, Buffer.alloc(32, 7))
    const { id } = await boards.create('Mine', designFirstBoard)
    const board = () => boards.get(id)
    const started: ReturnType<typeof createDispatcher>[] = []
    const listWith = (card: string) =>
      board().lists.find(({ cards }) => cards.some((each) => each.id === card))
    const card = (wanted: string) => listWith(wanted)?.cards.find((each) => each.id === wanted) as Card
    const desk: Desk = {
      boards,
      board,
      card,
      titleOfListWith: (wanted) => listWith(wanted)?.title,
      stateOf: (wanted) => card(wanted)?.run?.state,
      async ask(title) {
        const list = board().lists[1]?.id ?? ''
        return (await boards.change(id, { kind: 'addCard', list, title, text: '' })).created ?? ''
      },
      start({ conversation }, options = {}) {
        const dispatcher = createDispatcher({ boards, conversation, pauseMs: 1, ...options })
        started.push(dispatcher)
        return dispatcher
      },
    }
    await use(desk)
    await Promise.all(started.map((dispatcher) => dispatcher.stop()))
    await boards.close()
  })
}

const answering = (turn: Ask) => standInServices({ conversation: { turn } })

function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
}

test('a card in an assistant list gets a comment that refers to its answer, and moves on', () =>
  atDesk(async ({ start, ask, card, stateOf, titleOfListWith }) => {
    const asked: unknown[] = []
    const answer = createUuidV7()
    start(
      answering(async function* (input) {
        asked.push(input)
        yield* turnItems('It is a list [1].', { id: answer })
      }),
    )
    const id = await ask('What is an assistant list?')
    await until(() => stateOf(id) === 'done')
    const [comment] = card(id).comments
    assert.deepEqual(
      [comment?.author, comment?.answer, comment?.text, comment?.citations],
      ['assistant', answer, '', []],
    )
    assert.equal(titleOfListWith(id), 'Review')
    assert.deepEqual(asked, [
      {
        ...{ persona: 'default', topics: ['handbook'], sampling: {} },
        ...{ thread: id, begin: true, instructions: '', heard: false },
        question: 'What is an assistant list?',
      },
    ])
  }))

test('only so many cards are answered at a time, and all of them in the end', () =>
  atDesk(async ({ start, ask, stateOf }) => {
    let running = 0
    let most = 0
    const order: (string | undefined)[] = []
    start(
      answering(async function* ({ question }) {
        running += 1
        most = Math.max(most, running)
        order.push(question)
        await new Promise(setImmediate)
        yield* turnItems('Done.')
        running -= 1
      }),
      { runningMax: 2 },
    )
    const ids: string[] = []
    for (const title of ['1', '2', '3', '4', '5']) ids.push(await ask(title))
    await until(() => ids.every((id) => stateOf(id) === 'done'))
    assert.ok(most <= 2)
    assert.deepEqual(order.sort(), ['1', '2', '3', '4', '5'])
  }))

test('a failure is said on the card in words, and a retry works', () =>
  atDesk(async ({ start, ask, card, stateOf }) => {
    let fails = true
    const dispatcher = start(
      answering(async function* () {
        if (fails) throw new RunaError('TOPIC_UNKNOWN', 'There is no topic handbook.')
        yield* turnItems('Done.')
      }),
    )
    const id = await ask('question')
    await until(() => stateOf(id) === 'failed')
    assert.match(card(id).run?.reason ?? '', /^There is no topic handbook\. /)
    fails = false
    await dispatcher.start(id)
    await until(() => stateOf(id) === 'done')
    assert.equal(card(id).comments.length, 1)
    await assert.rejects(dispatcher.cancel(id), { code: 'BAD_INPUT' })
  }))

test('what may go away by itself is tried again, but not for ever', () =>
  atDesk(async ({ start, ask, card, stateOf }) => {
    start(deadServices())
    const id = await ask('question')
    await until(() => stateOf(id) === 'failed')
    assert.equal(card(id).run?.tries, LIMITS.runTriesMax - 1)
    assert.deepEqual(card(id).comments, [])
  }))

test('no answer in the documents, or a policy, asks the person to look, and the card stays', () =>
  atDesk(async ({ start, ask, card, stateOf, titleOfListWith }) => {
    start(
      answering(async function* () {
        yield* turnItems('Nothing fits.', { reason: 'no-match' })
      }),
    )
    const id = await ask('question')
    await until(() => stateOf(id) === 'needs-you')
    assert.equal(titleOfListWith(id), 'Assistant')
    assert.match(card(id).run?.reason ?? '', /Nothing in the documents/)
    assert.equal(card(id).comments.length, 1)
  }))

test('stopping a card ends the call, and leaves no comment', () =>
  atDesk(async ({ start, ask, card, stateOf }) => {
    let ended = false
    const dispatcher = start(
      answering(async function* (_, { signal }) {
        yield { kind: 'text', text: 'half an' }
        await untilAborted(signal).finally(() => (ended = true))
      }),
    )
    const id = await ask('question')
    await until(() => stateOf(id) === 'running')
    await assert.rejects(dispatcher.start(id), { code: 'BAD_INPUT' })
    await dispatcher.cancel(id)
    await until(() => ended)
    assert.deepEqual([card(id).run?.reason, card(id).comments], ['You stopped it.', []])
  }))

test('a card that is taken out of the list is let go of', () =>
  atDesk(async ({ boards, board, start, ask, card, stateOf }) => {
    let ended = false
    start(
      answering(async function* (_, { signal }) {
        await untilAborted(signal).finally(() => (ended = true))
        yield { kind: 'text', text: 'too late' }
      }),
    )
    const id = await ask('question')
    await until(() => stateOf(id) === 'running')
    const inbox = board().lists[0]?.id ?? ''
    await boards.change(board().id, { kind: 'moveCard', card: id, list: inbox, at: 0 })
    await until(() => ended)
    assert.deepEqual([card(id).run, card(id).comments], [null, []])
  }))

test('a card of a paused list waits, and is answered once the list goes on', () =>
  atDesk(async ({ boards, board, start, ask, stateOf }) => {
    start(standInServices())
    const list = board().lists[1]
    const settings = { persona: 'default', prompt: '', topics: [], resultsTo: null }
    const pause = (paused: boolean) =>
      boards.change(board().id, {
        kind: 'setAssistant',
        list: list?.id ?? '',
        assistant: { ...settings, paused },
      })
    await pause(true)
    const id = await ask('question')
    await boards.change(board().id, { kind: 'renameBoard', title: 'A turn later' })
    assert.equal(stateOf(id), 'queued')
    await pause(false)
    await until(() => stateOf(id) === 'done')
  }))

test('what ran when the process died is taken up again, and leaves one comment', () =>
  atDesk(async ({ start, ask, card, stateOf }) => {
    const interrupted = start(
      answering(async function* (_, { signal }) {
        yield { kind: 'text', text: 'half an' }
        await untilAborted(signal)
      }),
    )
    const id = await ask('question')
    await until(() => stateOf(id) === 'running')
    await interrupted.stop()
    assert.equal(stateOf(id), 'running')
    start(standInServices())
    await until(() => stateOf(id) === 'done')
    assert.equal(card(id).comments.length, 1)
    assert.equal(card(id).run?.tries, 1)
  }))

test('an answer that was stored before the process died is taken up, and not asked for again', () =>
  atDesk(async ({ start, ask, card, stateOf }) => {
    let asked = 0
    const services = answering(async function* () {
      asked += 1
      yield* turnItems('Here it is.', { at: Date.now() })
    })
    let died = () => {}
    const dead = new Promise<void>((resolve) => (died = resolve))
    const conversation: Services['conversation'] = {
      ...services.conversation,
      async *turn(...call) {
        yield* services.conversation.turn(...call)
        died()
        await untilAborted(call[1]?.signal ?? AbortSignal.abort())
      },
    }
    const interrupted = start({ ...services, conversation })
    const id = await ask('question')
    await dead
    await interrupted.stop()
    assert.deepEqual([stateOf(id), card(id).comments], ['running', []])
    start(services)
    await until(() => stateOf(id) === 'done')
    assert.deepEqual([asked, card(id).comments.length], [1, 1])
  }))

test('what the person has said since is the next question in the thread of the card', () =>
  atDesk(async ({ boards, board, start, ask, stateOf }) => {
    const asked: { question: string; heard: boolean }[] = []
    const dispatcher = start(
      answering(async function* ({ question, heard }) {
        asked.push({ question, heard })
        yield* turnItems(`Answer ${asked.length}.`, { reason: 'no-match' })
      }),
    )
    const id = await ask('question')
    await until(() => stateOf(id) === 'needs-you')
    await boards.change(board().id, { kind: 'addComment', card: id, text: 'I meant the other one.' })
    await dispatcher.start(id)
    await until(() => stateOf(id) === 'needs-you')
    assert.deepEqual(asked, [
      { question: 'question', heard: false },
      { question: 'I meant the other one.', heard: true },
    ])
  }))
