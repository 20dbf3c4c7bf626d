import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { test } from 'node:test'
import { createUuidV7, RunaError, type Thread } from '#protocol'
import type { AppState, Board, ChangeReply, ErrorReply } from '../api.ts'
import { LIMITS } from '../limits.ts'
import { type House, withHouse } from '../stand-in-house.ts'
import { deadServices, noSecrets, standInSecrets, standInServices, turnItems } from '../stand-ins.ts'

async function failureOf(response: Response): Promise<[number, string]> {
  return [response.status, ((await response.json()) as ErrorReply).error.code]
}

async function firstBoard({ ask }: House): Promise<Board> {
  const { boards } = (await (await ask('/api/boards')).json()) as { boards: { id: string }[] }
  return (await (await ask(`/api/boards/${boards[0]?.id}`)).json()) as Board
}

test('the first board has lists that work and a card that explains itself', () =>
  withHouse(async (house) => {
    const { title, lists } = await firstBoard(house)
    assert.equal(title, 'My board')
    assert.deepEqual(
      lists.map((list) => list.title),
      ['Inbox', 'Assistant', 'Review', 'Done'],
    )
    assert.equal(lists[1]?.assistant?.resultsTo, lists[2]?.id)
    assert.equal(lists[0]?.cards.length, 1)
  }))

test('a first start notes in the vault that no board of before is in clear any more', () => {
  const kept = new Map<string, Buffer>()
  return withHouse(
    async (house) => {
      await firstBoard(house)
      assert.ok(kept.has('threadwell.sealed'))
    },
    standInServices(),
    '/nonexistent',
    standInSecrets(kept),
  )
})

test('a change is answered with the board, its version and what was made', () =>
  withHouse(async (house) => {
    const { id, lists, version } = await firstBoard(house)
    const change = { kind: 'addCard', list: lists[0]?.id, title: ' buy milk ' }
    const reply = (await (
      await house.ask(`/api/boards/${id}/changes`, { change, version })
    ).json()) as ChangeReply
    assert.equal(reply.version, version + 1)
    const card = reply.board.lists[0]?.cards.at(-1)
    assert.deepEqual([card?.id, card?.title, card?.text], [reply.created, 'buy milk', ''])
    const stale = await house.ask(`/api/boards/${id}/changes`, { change, version })
    assert.deepEqual(await failureOf(stale), [409, 'VERSION_CONFLICT'])
  }))

test('bad input is a clear error with a code, and changes nothing', () =>
  withHouse(async (house) => {
    const { ask } = house
    const before = await firstBoard(house)
    const changes = `/api/boards/${before.id}/changes`
    const raw = (body: string, type = 'application/json') =>
      ask(changes, undefined, { method: 'POST', body, headers: { 'content-type': type } })
    const badInput = [400, 'BAD_INPUT']
    assert.deepEqual(await failureOf(await raw('{"change":')), badInput)
    assert.deepEqual(await failureOf(await raw('{}', 'text/plain')), badInput)
    assert.deepEqual(await failureOf(await raw('')), badInput)
    for (const change of [
      {},
      { kind: 'explode' },
      { kind: 'addCard', list: before.lists[0]?.id, title: ' ' },
    ]) {
      assert.deepEqual(await failureOf(await ask(changes, { change })), badInput)
    }
    const long = { kind: 'renameBoard', title: 'x'.repeat(LIMITS.titleLengthMax + 1) }
    assert.deepEqual(await failureOf(await ask(changes, { change: long })), badInput)
    const large = await raw(`"${'x'.repeat(LIMITS.jsonBytesMax)}"`)
    assert.deepEqual(await failureOf(large), [413, 'BODY_TOO_LARGE'])
    const nowhere = await ask(`/api/boards/${createUuidV7()}/changes`, {
      change: { kind: 'addList', title: 'x' },
    })
    assert.deepEqual(await failureOf(nowhere), [404, 'BOARD_UNKNOWN'])
    assert.deepEqual(await failureOf(await ask('/api/boards/..%2f..%2fetc')), [404, 'BOARD_UNKNOWN'])
    const noCard = await ask(`/api/cards/${createUuidV7()}/run`, { action: 'start' })
    assert.deepEqual(await failureOf(noCard), [404, 'BOARD_UNKNOWN'])
    assert.deepEqual(await failureOf(await ask('/api/nothing')), [404, 'PATH_UNKNOWN'])
    assert.deepEqual(await firstBoard(house), before)
  }))

test('a run message reaches the assistant, and its answer the card', () =>
  withHouse(async (house) => {
    const { id, lists } = await firstBoard(house)
    const card = lists[0]?.cards[0]?.id
    const move = { kind: 'moveCard', card, list: lists[1]?.id, at: 0 }
    const events = await house.ask('/api/events')
    await house.ask(`/api/boards/${id}/changes`, { change: move })
    const reader = events.body?.getReader()
    assert.ok(reader)
    for (let board = await firstBoard(house); board.lists[2]?.cards.length !== 1; ) {
      await reader.read()
      board = await firstBoard(house)
    }
    await reader.cancel()
    const [done] = (await firstBoard(house)).lists[2]?.cards ?? []
    assert.match(done?.comments[0]?.text ?? '', /^You asked: What is an assistant list\?/)
  }))

test('a turn streams one object a line, and a failure is the last of them', () =>
  withHouse(
    async ({ ask }) => {
      const response = await ask('/api/turns', { question: 'why?' })
      assert.match(response.headers.get('content-type') ?? '', /^application\/x-ndjson/)
      const lines = (await response.text()).trimEnd().split('\n')
      const items = lines.map((line) => JSON.parse(line))
      assert.deepEqual(
        [items[0].kind, items.at(-1).kind, items.at(-1).code],
        ['start', 'error', 'MODEL_FAILED'],
      )
      assert.ok(items.at(-1).advice)
      assert.deepEqual(await failureOf(await ask('/api/turns', { question: ' ' })), [400, 'BAD_INPUT'])
    },
    standInServices({
      conversation: {
        async *turn() {
          yield* [...turnItems('half an answer')].slice(0, 3)
          throw new RunaError('MODEL_FAILED')
        },
      },
    }),
  ))

test('who leaves a stream ends the call behind it', () => {
  let ended: (how: string) => void = () => {}
  const how = new Promise<string>((resolve) => (ended = resolve))
  const services = standInServices({
    conversation: {
      async *turn(_, { signal }) {
        yield { kind: 'text', text: 'word' }
        await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))).catch(
          (reason) => ended(reason.code),
        )
      },
    },
  })
  return withHouse(async ({ ask }) => {
    const response = await ask('/api/turns', { question: 'why?' })
    const reader = response.body?.getReader()
    await reader?.read()
    await reader?.cancel()
    assert.equal(await how, 'CANCELLED')
  }, services)
})

test('services that are down: the state says so, the board works, the rest is 503 with a code', () =>
  withHouse(async (house) => {
    const state = (await (await house.ask('/api/state')).json()) as AppState
    assert.deepEqual([...new Set(state.faults.map(({ service }) => service))].sort(), [
      'gilgul',
      'inference',
      'tieto',
    ])
    assert.equal(state.boards.length, 1)
    assert.ok(await firstBoard(house))
    for (const path of ['/api/topics', '/api/models', '/api/threads', '/api/personas', '/api/services']) {
      const response = await house.ask(path)
      assert.equal(response.headers.get('retry-after'), '1')
      assert.deepEqual(await failureOf(response), [503, 'SERVICE_LOST'])
    }
  }, deadServices()))

test('a fault of ours is told without its words', () =>
  withHouse(
    async ({ ask }) => {
      const response = await ask('/api/topics')
      assert.equal(response.status, 500)
      assert.ok(!(await response.text()).includes('diary'))
    },
    standInServices({
      tieto: {
        topics: async () => {
          throw new Error('dear diary')
        },
      },
    }),
  ))

test('the first visit leads to the first page, and no later one', () =>
  withHouse(async ({ ask }) => {
    assert.equal((await ask('/')).headers.get('location'), '/welcome')
    assert.equal((await ask('/api/visited', undefined, { method: 'POST' })).status, 204)
    assert.equal(await (await ask('/')).text(), '<h1>board</h1>')
    assert.equal(((await (await ask('/api/state')).json()) as AppState).firstVisit, false)
  }))

test('the address of a page may hold what it likes: numbers and names are checked', () =>
  withHouse(async ({ ask }) => {
    for (const path of [
      '/api/passage?topic=a',
      '/api/passage?topic=a&document=b&start=-1&end=2',
      '/api/threads?limit=1e9',
      '/api/threads/not-a-uuid',
      '/api/ledger?limit=x',
      '/api/topics/No%20Topic/documents',
    ]) {
      assert.deepEqual(await failureOf(await ask(path)), [400, 'BAD_INPUT'], path)
    }
  }))

test('without coven boards are locked, each route says what to do, and the rest works', () =>
  withHouse(
    async (house) => {
      const state = (await (await house.ask('/api/state')).json()) as AppState
      assert.deepEqual([state.boards, state.faults.map(({ code }) => code)], [[], ['SECRETS_MISSING']])
      assert.equal(state.hasVault, false)
      const id = createUuidV7()
      for (const asked of [
        house.ask('/api/boards'),
        house.ask('/api/boards', { title: 'Mine' }),
        house.ask(`/api/boards/${id}`),
        house.ask(`/api/boards/${id}/changes`, { change: { kind: 'renameBoard', title: 'x' } }),
        house.ask(`/api/cards/${id}/run`, { action: 'start' }),
      ]) {
        const response = await asked
        assert.equal(response.status, 503)
        const { error } = (await response.json()) as ErrorReply
        assert.equal(error.code, 'SECRETS_MISSING')
        assert.match(error.advice, /runa up/)
      }
      assert.ok(!(await readdir(house.home)).includes('boards'), 'nothing is written')
      assert.match(await (await house.ask('/api/turns', { question: 'why?' })).text(), /You asked: why/)
      assert.equal((await house.ask('/api/topics')).status, 200)
    },
    standInServices(),
    '/nonexistent',
    noSecrets,
  ))

test('the thread of a card is read on its board, and not listed among the chats', () => {
  let threads: Thread[] = []
  return withHouse(
    async (house) => {
      const card = (await firstBoard(house)).lists[0]?.cards[0]?.id ?? ''
      const chat = createUuidV7()
      threads = [card, chat].map((id) => ({ id, title: 'x', turns: 1, updatedAt: 1, offTheRecord: false }))
      const listed = (await (await house.ask('/api/threads')).json()) as { threads: Thread[] }
      assert.deepEqual(
        listed.threads.map(({ id }) => id),
        [chat],
      )
    },
    standInServices({ conversation: { threads: async () => ({ threads }) } }),
  )
})
