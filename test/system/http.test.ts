import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect as connectSocket } from 'node:net'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Board, ChangeReply, ErrorReply } from '#face/threadwell'
import { conversationContract, type Handlers } from '#protocol'
import { LIMITS } from '../../src/face/threadwell/limits.ts'
import { remembering, simpleConversation, turnItems } from '../../src/face/threadwell/stand-ins.ts'
import { until } from './test-runa.ts'
import { MAIN, type ThreadwellProcess, withThreadwell } from './threadwell-process.ts'

type Conversation = Handlers<typeof conversationContract>

async function serveConversation(
  running: ThreadwellProcess,
  changed: Partial<Conversation> = {},
): Promise<void> {
  await running.serve(conversationContract, remembering({ ...simpleConversation(), ...changed }))
}

/** A browser that has opened the login link. */
async function createBrowser(running: ThreadwellProcess) {
  const cookie = await running.logIn()
  const ask = (path: string, init: RequestInit = {}) =>
    fetch(`${running.url}${path}`, { ...init, headers: { cookie, ...init.headers } })
  const post = (path: string, body: object, init: RequestInit = {}) => {
    const headers = { 'content-type': 'application/json' }
    return ask(path, { method: 'POST', body: JSON.stringify(body), headers, ...init })
  }
  const board = async (): Promise<Board> => {
    const { boards } = (await (await ask('/api/boards')).json()) as { boards: Board[] }
    return (await (await ask(`/api/boards/${boards[0]?.id}`)).json()) as Board
  }
  const change = async (wish: object): Promise<ChangeReply> =>
    (await (await post(`/api/boards/${(await board()).id}/changes`, { change: wish })).json()) as ChangeReply
  return { ask, post, board, change }
}

test('killed while a card is answered, it comes back at the same address and finishes, once', () =>
  withThreadwell(async (running) => {
    let asked = 0
    await serveConversation(running, {
      async *turn(_, { signal }) {
        asked += 1
        if (asked === 1) await new Promise((resolve) => signal.addEventListener('abort', resolve))
        yield* turnItems('Here it is.')
      },
    })
    const { board, change } = await createBrowser(running)
    const { lists } = await board()
    await change({ kind: 'renameBoard', title: 'Acknowledged' })
    await change({ kind: 'moveCard', card: lists[0]?.cards[0]?.id, list: lists[1]?.id, at: 0 })
    await until(() => asked === 1)
    await running.killAndRestart()
    const review = async () => (await board()).lists[2]?.cards ?? []
    await until(async () => (await review()).length === 1)
    const [card] = await review()
    assert.deepEqual(
      [card?.comments.map(({ text }) => text), card?.run?.state, card?.run?.tries],
      [['Here it is.'], 'done', 1],
    )
    assert.equal((await board()).title, 'Acknowledged')
  }))

test('a browser that goes away in the middle of an answer ends the call behind it', () =>
  withThreadwell(async (running) => {
    let open = 0
    await serveConversation(running, {
      async *turn(_, { signal }) {
        open += 1
        try {
          yield { kind: 'text', text: 'word' }
          await new Promise((_resolve, reject) =>
            signal.addEventListener('abort', () => reject(signal.reason)),
          )
        } finally {
          open -= 1
        }
      },
    })
    const { post } = await createBrowser(running)
    const leaving = new AbortController()
    const response = await post('/api/turns', { question: 'why?' }, { signal: leaving.signal })
    await response.body?.getReader().read()
    assert.equal(open, 1)
    leaving.abort()
    await until(() => open === 0)
  }))

test('who reads slowly makes the answer wait, not the memory grow', () =>
  withThreadwell(async (running) => {
    const piece = 'x'.repeat(8_192)
    let made = 0
    await serveConversation(running, {
      async *turn() {
        for (;;) {
          made += 1
          yield { kind: 'text', text: piece }
        }
      },
    })
    const { post } = await createBrowser(running)
    const response = await post('/api/turns', { question: 'why?' })
    const reader = response.body?.getReader()
    await reader?.read()
    for (let before = -1; before !== made; await sleep(200)) before = made
    assert.ok(made * piece.length < 64 * 2 ** 20, `${made} items were made for a reader that took one`)
    await reader?.cancel()
  }))

test('a change in one tab is heard in the others', () =>
  withThreadwell(async (running) => {
    const { ask, change } = await createBrowser(running)
    const reader = (await ask('/api/events')).body?.getReader()
    assert.ok(reader)
    const { version } = await change({ kind: 'renameBoard', title: 'Ours' })
    let heard = ''
    while (!heard.includes(`"version":${version}`)) {
      heard += Buffer.from((await reader.read()).value ?? []).toString()
    }
    await reader.cancel()
  }))

test('too large a body is refused on the wire, and the next request works', () =>
  withThreadwell(async (running) => {
    const { ask } = await createBrowser(running)
    const body = new Uint8Array(LIMITS.uploadBytesMax + 1)
    const refused = await ask('/api/uploads?topic=t&name=a.md', { method: 'POST', body })
    assert.equal(refused.status, 413)
    assert.equal(((await refused.json()) as ErrorReply).error.code, 'BODY_TOO_LARGE')
    assert.equal((await ask('/api/boards')).status, 200)
  }))

/** The first line of what comes back, for a request that no client would send. */
async function statusOf(url: string, target: string): Promise<string> {
  const { hostname, port, host } = new URL(url)
  const socket = connectSocket(Number(port), hostname)
  socket.end(`GET ${target} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)
  return (await text(socket)).split('\r\n')[0] ?? ''
}

test('no way of writing an address leads around the guard', () =>
  withThreadwell(async ({ url }) => {
    const targets = [
      ...['/static/../api/state', '/static/%2e%2e/api/state', '/static//../../api/boards', '//api/state'],
      ...['/login/../api/state', '/healthz/../api/boards', '/API/state', '/api;x/state', '/%00', '/%ff'],
      'http://evil.example/api/state',
    ]
    for (const target of targets) assert.match(await statusOf(url, target), / 401 /, target)
    assert.match(await statusOf(url, '/static/%'), / 404 /)
  }))

test('it listens on one address of this machine only', () =>
  withThreadwell(async ({ url }) => {
    const socket = connectSocket(Number(new URL(url).port), '127.0.0.2')
    const [error] = await once(socket, 'error')
    assert.equal(error.code, 'ECONNREFUSED')
  }))

test('a port that is taken is a sentence and a code', () =>
  withThreadwell(async ({ url, busPath }) => {
    const environment = {
      ...process.env,
      RUNA_BUS: busPath,
      RUNA_PORT: new URL(url).port,
      RUNA_SERVICE: 'second',
    }
    const home = `${busPath}-home`
    const second = spawn(process.execPath, [MAIN], {
      env: { ...environment, RUNA_HOME: home },
      stdio: ['pipe', 'ignore', 'pipe'],
    })
    let said = ''
    second.stderr.on('data', (words) => (said += words))
    const [status] = await once(second, 'close')
    assert.equal(status, 1)
    assert.match(said, /\(process \d+\) listens on port \d+ of 127\.0\.0\.1\. \[PORT_BUSY\]/)
  }))
