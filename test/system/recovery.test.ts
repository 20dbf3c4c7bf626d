import assert from 'node:assert/strict'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { call, connect } from '#kernel/service'
import { type Citation, conversationContract, type Turn, tietoContract } from '#protocol'
import { createTestRuna, isGone, kill, until } from './test-runa.ts'

const PARAGRAPHS = 400
const QUESTION = 'Which jar holds the buttons of the blue coat?'

const runa = createTestRuna()
/** Every turn that was acknowledged: none of them may be lost. */
const answered: Turn[] = []
let thread: string | undefined

before(async () => {
  const folder = join(runa.home, 'documents')
  mkdirSync(folder)
  const shelf = (number: number) =>
    `Shelf ${number} holds jar ${number}, with seeds of the year ${1_500 + number}.\n\n`
  const shelves = Array.from({ length: PARAGRAPHS }, (_, number) => shelf(number)).join('')
  writeFileSync(join(folder, 'shelves.md'), `${shelves}The red jar holds the buttons of the blue coat.\n`)
  await runa.start()
  await runa.ask('ingest', folder, '--topic', 'jars')
})
after(() => runa.remove())

/** Asks over the bus; `onBegin` is called once the answer has begun. Gives the stored turn. */
async function askOverBus(onBegin: () => void = () => {}): Promise<Turn> {
  const { transport, close } = await connect(runa.state().bus, `test-${process.pid}`)
  try {
    const conversation = call(conversationContract, transport)
    const input = { question: QUESTION, topics: ['jars'], ...(thread === undefined ? {} : { thread }) }
    for await (const item of conversation.turn(input)) {
      if (item.kind === 'start') {
        thread ??= item.thread ?? undefined
        onBegin()
      }
      if (item.kind === 'end') return item.turn
    }
    throw new Error('the answer broke off')
  } finally {
    close()
  }
}

async function assertNothingIsLost(): Promise<void> {
  const { transport, close } = await connect(runa.state().bus, `test-${process.pid}`)
  try {
    const { topics } = await call(tietoContract, transport).topics({})
    assert.deepEqual(
      topics.filter(({ name }) => name === 'jars').map(({ documents, damaged }) => [documents, damaged]),
      [[1, []]],
    )
    if (thread === undefined) return
    const { turns } = await call(conversationContract, transport).thread({ id: thread })
    const stored = turns.map(({ id, answer }) => `${id} ${answer}`)
    for (const { id, answer } of answered) assert.ok(stored.includes(`${id} ${answer}`))
  } finally {
    close()
  }
}

async function assertNextQuestionWorks(): Promise<void> {
  const answer = await runa.ask('ask', '--topic', 'jars', QUESTION)
  assert.ok((answer['citations'] as Citation[]).some(({ text }) => text.includes('The red jar')))
}

for (const name of ['inference', 'tieto', 'alethia', 'snarf', 'conversation', 'threadwell', 'gilgul']) {
  test(`${name} is killed while a question is being answered, and the next question works`, async (t) => {
    answered.push(await askOverBus())
    const before = await runa.status(name)
    assert.ok(before.pid)
    let killedMs = 0
    const interrupted = askOverBus(() => {
      killedMs = performance.now()
      kill(before.pid ?? 0)
    })
    // It may be answered all the same, or end with a code; it may not hang.
    await interrupted.then(
      (turn) => answered.push(turn),
      (error: unknown) => t.diagnostic(`the question ended with ${error}`),
    )
    await assertNextQuestionWorks()
    const answeredMs = performance.now() - killedMs
    await until(async () => (await runa.status(name)).state === 'running')
    const recoveredMs = performance.now() - killedMs
    const status = await runa.status(name)
    t.diagnostic(
      `next answer after ${Math.round(answeredMs)} ms, ${name} back within ${Math.round(recoveredMs)} ms`,
    )
    assert.notEqual(status.pid, before.pid)
    assert.equal(status.restarts, before.restarts + 1)
    assert.ok(isGone(before.pid))
    await until(async () => (await runa.status('conversation')).state === 'running')
    await assertNothingIsLost()
  })
}

test('gilgul dies with a service beside it: the others go on, and only that one is started anew', async () => {
  const before = runa.state()
  const processOf = (name: string) => before.services[name]?.process ?? assert.fail(`${name} does not run`)
  const restarts = (await runa.status('tieto')).restarts
  const turn = await askOverBus(() => {
    kill(before.gilgul.pid)
    kill(processOf('tieto').pid)
  })
  answered.push(turn)
  await until(async () => {
    const { state, pid } = await runa.status('tieto')
    return state === 'running' && pid !== processOf('tieto').pid
  })
  const after = runa.state()
  assert.notEqual(after.gilgul.pid, before.gilgul.pid)
  for (const name of Object.keys(before.services).filter((name) => name !== 'tieto'))
    assert.deepEqual(after.services[name], before.services[name], name)
  assert.equal((await runa.status('tieto')).restarts, restarts + 1)
  assert.match(
    readFileSync(join(runa.home, 'logs/gilgul.log'), 'utf8'),
    /"tieto","text":"backoff: It was ended by SIGKILL/,
  )
  assert.equal(holdersOf(join(runa.home, 'run/world.lock')).length, Object.keys(after.services).length + 2)
})

test('the page keeps its address when gilgul dies', async () => {
  const { url } = await runa.ask('status')
  kill(runa.state().gilgul.pid)
  await until(async () => (await runa.ask('status'))['url'] === url)
  const address = String(url)
  assert.equal((await fetch(`${address}/healthz`)).status, 200)
})

const NAP = join(runa.home, 'services/nap.yaml')
const NAPPING = 'command: [sh, -c, "while sleep 1; do :; done"]\n'

/** Once another gilgul than that one can be asked. */
async function untilFollowed(gilgul: number): Promise<void> {
  await until(async () => ![null, gilgul].includes((await runa.status('gilgul')).pid))
}

test('a file that is saved is heeded by itself, and a mistake in one changes nothing, whoever dies', async () => {
  mkdirSync(join(runa.home, 'services'))
  writeFileSync(NAP, NAPPING)
  await until(() => runa.state().services['nap']?.process !== undefined)
  const { pid } = await runa.status('nap')
  writeFileSync(NAP, `${NAPPING}neds: [web]\n`)
  const fault = async () => String((await runa.ask('status'))['fault'])
  await until(async () => /nap\.yaml:2:1: .*needs/.test(await fault()))
  const { gilgul } = runa.state()
  kill(gilgul.pid)
  await untilFollowed(gilgul.pid)
  assert.match(await fault(), /nap\.yaml:2:1/)
  writeFileSync(NAP, NAPPING)
  await until(async () => (await fault()) === 'undefined')
  assert.equal((await runa.status('nap')).pid, pid)
})

test('a service that nobody calls sleeps, and its next call starts it, also after a death of gilgul', async () => {
  const config = join(runa.home, 'runa.yaml')
  const [isAsleep, first] = [
    async () => (await runa.status('snarf')).state === 'asleep',
    runa.state().gilgul.pid,
  ]
  const { restarts } = await runa.status('snarf')
  writeFileSync(config, 'services: { snarf: { idleSeconds: 1 } }\n')
  await untilFollowed(first)
  await until(isAsleep)
  await runa.ask('speak')
  await until(isAsleep)
  const second = runa.state().gilgul.pid
  kill(second)
  await runa.ask('speak')
  assert.equal((await runa.status('snarf')).restarts, restarts)
  rmSync(config)
  await untilFollowed(runa.state().gilgul.pid)
})

test('gilgul and its ancestor are killed together, and the next start recovers', async (t) => {
  const { ancestor, gilgul, services } = runa.state()
  for (const pid of [ancestor.pid, gilgul.pid]) kill(pid)
  // It does not read its input, and no next start is needed to end it.
  await until(() => isGone(services['nap']?.process?.pid ?? 0))
  rmSync(NAP)
  const killedMs = performance.now()
  const { status, stderr } = await runa.runa('up', '--detach')
  assert.equal(status, 0, stderr)
  t.diagnostic(`running again after ${Math.round(performance.now() - killedMs)} ms`)
  for (const service of Object.values(services)) assert.ok(!service.process || isGone(service.process.pid))
  await assertNextQuestionWorks()
  await assertNothingIsLost()
})

test('coven is killed: gilgul takes its place, starts another gilgul, and nobody else notices', async () => {
  for (let count = 0; count < 2; count += 1) {
    const before = runa.state()
    answered.push(await askOverBus(() => kill(before.ancestor.pid)))
    await until(() => runa.state().gilgul.pid !== before.gilgul.pid && runa.state().url !== '')
    const after = runa.state()
    assert.equal(after.ancestor.pid, before.gilgul.pid)
    assert.deepEqual(after.services, before.services)
    assert.equal((await runa.ask('status'))['coven'], 'linked')
    const { status, stderr } = await runa.runaWith('a word', 'secret', 'set', `word-${count}`)
    assert.equal(status, 0, stderr)
  }
  // Its services are the children of the new coven: what one of them dies of is still known.
  const { snarf } = runa.state().services
  kill(snarf?.process?.pid ?? assert.fail('snarf does not run'))
  await until(async () => (await runa.status('snarf')).restarts === (snarf?.restarts ?? 0) + 1)
  await assertNextQuestionWorks()
  await assertNothingIsLost()
})

test('coven dies, and the owner wants what was given to be taken back: keys are gone, and the rest runs', async () => {
  writeFileSync(join(runa.home, 'runa.yaml'), 'coven:\n  onDeath: lock\n')
  const { ancestor, services } = runa.state()
  kill(ancestor.pid)
  await until(async () => (await runa.status('alethia')).state === 'stopped')
  assert.deepEqual((await runa.ask('secret', 'leases'))['leases'], [])
  assert.equal((await runa.status('tieto')).pid, services['tieto']?.process?.pid)
  assert.match((await runa.runa('secret', 'get', 'word-0')).stderr, /COVEN_LINK_BROKEN/)
  assert.equal((await runa.runa('down')).status, 0)
  assert.equal((await runa.runa('up', '--detach')).status, 0)
})

test('coven dies, and the owner wants everything to stop then: nothing is left running', async () => {
  writeFileSync(join(runa.home, 'runa.yaml'), 'coven:\n  onDeath: stop\n')
  kill(runa.state().ancestor.pid)
  await until(() => runa.processes().length === 0)
  assert.ok(!existsSync(runa.busFolder))
  assert.match((await runa.runa('status')).stderr, /NOT_RUNNING/)
})

test('a start right after the ancestor was killed waits for the end, and succeeds', async () => {
  assert.equal((await runa.runa('up', '--detach')).status, 0)
  kill(runa.state().ancestor.pid)
  const { status, stderr } = await runa.runa('up', '--detach')
  assert.equal(status, 0, stderr)
  await assertNextQuestionWorks()
  assert.equal((await runa.runa('down')).status, 0)
  assert.deepEqual(runa.processes(), [])
})

/** Processes that have that file open. */
function holdersOf(path: string): string[] {
  const descriptorsOf = (pid: string) => {
    try {
      return readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`))
    } catch {
      return []
    }
  }
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name) && descriptorsOf(name).includes(path))
}
