import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { writeModel } from '../model/fixtures.ts'
import { randomLlama, SMALL } from '../model/random-models.ts'
import { socketsBeyondLoopback } from './sockets.ts'
import { createTestRuna, until } from './test-runa.ts'

/** Stands in everything that a person says or names here, and in nothing else. */
const WORD = 'zyzzyva'

const runa = createTestRuna()
const seen = new Set<string>()
let address = ''
let letter = ''
let watch: NodeJS.Timeout

before(async () => {
  // As often as it is cheap: a connection that lives for less may be missed.
  watch = setInterval(() => {
    for (const socket of runa.processes().flatMap(socketsBeyondLoopback)) seen.add(socket)
  }, 40)
  address = (await runa.start()).address
  const folder = join(runa.home, `letters of the ${WORD}`)
  mkdirSync(folder)
  letter = join(folder, `${WORD}.md`)
  writeFileSync(
    letter,
    `---\ntitle: My ${WORD}\nto: ${WORD}\n---\n\n# The ${WORD}\n\nThe ${WORD} sings at night.\n`,
  )
  const model = await writeModel(
    join(runa.home, 'small.gguf'),
    randomLlama({ ...SMALL, contextTokens: 4_096 }),
  )
  await runa.ask('models', 'add', model)
})
after(async () => {
  clearInterval(watch)
  await runa.remove()
})

test('the watch over sockets sees what reaches out, and what can be reached', async () => {
  const outward = createSocket('udp4')
  // Nothing is sent: this only says where to. The address belongs to nobody (RFC 5737).
  outward.connect(9, '192.0.2.1')
  await once(outward, 'connect').catch(() => {})
  const open = createServer().listen(0, '0.0.0.0')
  const closed = createServer().listen(0, '127.0.0.1')
  await Promise.all([once(open, 'listening'), once(closed, 'listening')])
  const found = socketsBeyondLoopback(process.pid)
  outward.close()
  open.close()
  closed.close()
  assert.ok(found.some((socket) => socket.startsWith('tcp 00000000:')))
  assert.equal(found.filter((socket) => socket.startsWith('tcp ')).length, 1)
})

test('what people say and name works, and reaches no log', async () => {
  await runa.ask('ingest', letter, '--topic', 'letters')
  await runa.ask('search', WORD, '--topic', 'letters', '--filter', `to = "${WORD}"`)
  await runa.ask('ask', '--topic', 'letters', `Where does the ${WORD} sing?`)
  await runa.ask('ask', '--topic', 'letters', '--model', 'extractive', `Where does the ${WORD} sing?`)
  const { key } = await runa.ask('key', 'create', WORD)
  await askAsProgram(String(key))
  await useBoard()
  const refused: string[][] = [
    ['search', WORD, '--filter', `${WORD} = = ${WORD}`],
    ['ingest', `/nowhere/${WORD}.md`, '--topic', 'letters'],
    ['topics', 'remove', 'letters', `${WORD}.txt`],
    ['ask', '--model', 'none', `Where does the ${WORD} sing?`],
  ]
  for (const words of refused) assert.notEqual((await runa.runa(...words)).status, 0, words.join(' '))
  await runa.ask('topics', 'remove', 'letters', `${WORD}.md`)
  await runa.ask('down')

  const token = new URL(address).searchParams.get('token') ?? ''
  const logs = readdirSync(join(runa.home, 'logs')).map((name) => join(runa.home, 'logs', name))
  assert.ok(logs.length >= 6, 'each service and the model have one')
  for (const log of logs) {
    const lines = readFileSync(log, 'utf8').split('\n')
    for (const secret of [WORD, token, String(key)]) {
      assert.deepEqual(
        lines.filter((line) => line.includes(secret)),
        [],
        log,
      )
    }
  }
})

test('meanwhile nothing reached beyond this machine', () => assert.deepEqual([...seen], []))

test('all that is kept is for its owner alone', () => {
  const names = readdirSync(runa.home, { recursive: true, encoding: 'utf8' })
  const own = names.filter((name) => !name.includes(WORD) && name !== 'small.gguf')
  assert.ok(own.length > 20)
  const open = own.filter((name) => (statSync(join(runa.home, name)).mode & 0o077) !== 0)
  assert.deepEqual(open, [])
})

async function askAsProgram(key: string): Promise<void> {
  const content = `Where does the ${WORD} sing?`
  const body = { model: 'runa', messages: [{ role: 'user', content }], max_tokens: 4, stop: [WORD] }
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' }
  const init = { method: 'POST', headers, body: JSON.stringify(body) }
  const answer = await fetch(new URL('/v1/chat/completions', address), init)
  assert.equal(answer.status, 200)
}

interface BoardReply {
  readonly board: { readonly lists: readonly { readonly id: string; readonly cards: readonly unknown[] }[] }
}

/** A card that an assistant answers. */
async function useBoard(): Promise<void> {
  const login = await fetch(address, { redirect: 'manual' })
  const cookie = login.headers.get('set-cookie')?.split(';')[0] ?? ''
  const headers = { cookie, 'content-type': 'application/json' }
  const get = async (path: string) => await (await fetch(new URL(path, address), { headers })).json()
  const { boards } = (await get('/api/boards')) as { boards: { id: string }[] }
  const path = `/api/boards/${boards[0]?.id}`
  const lists = async () => ((await get(path)) as BoardReply['board']).lists
  const [, assistant, review] = await lists()
  const change = { kind: 'addCard', list: assistant?.id, title: `The ${WORD}`, text: `What of the ${WORD}?` }
  const init = { method: 'POST', headers, body: JSON.stringify({ change }) }
  assert.equal((await fetch(new URL(`${path}/changes`, address), init)).status, 200)
  const cards = review?.cards.length ?? 0
  const needsYou = async () => JSON.stringify(await lists()).includes('"needs-you"')
  await until(async () => ((await lists())[2]?.cards.length ?? 0) > cards || (await needsYou()))
}
