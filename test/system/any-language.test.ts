import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, describe, test } from 'node:test'
import { packageFolder } from '#kernel/home'
import { type Citation, type Envelope, envelopeSchema, type Operation, tietoContract } from '#protocol'
import { createTestRuna, kill, until } from './test-runa.ts'

const TIETO = packageFolder('examples/tieto-in-python/tieto.py')
const QUESTION = 'Which jar holds the buttons of the blue coat?'
const NEEDS = spawnSync('python3', ['--version']).status === 0 ? {} : { skip: 'there is no python3' }

describe('tieto in Python', NEEDS, () => {
  const runa = createTestRuna(`services:\n  tieto:\n    command: ["python3", ${JSON.stringify(TIETO)}]\n`)
  const folder = join(runa.home, 'jars')

  before(async () => {
    mkdirSync(folder)
    writeFileSync(join(folder, 'red.md'), '# Gläser\n\nThe red jar holds the buttons of the blue coat.\n')
    writeFileSync(join(folder, 'green.txt'), 'The green jar holds seeds.\r\n\r\nIt stands on a shelf.\r\n')
    await runa.start()
  })
  after(() => runa.remove())

  const program = () => runa.processes().filter((pid) => commandOf(pid).includes(TIETO))

  async function assertAnswers(): Promise<void> {
    const answer = await runa.ask('ask', '--topic', 'jars', QUESTION)
    const citations = answer['citations'] as Citation[]
    assert.ok(citations.some(({ text }) => text.includes('The red jar')))
    for (const { source, start, end, text } of citations) {
      assert.equal(readFileSync(source).subarray(start, end).toString(), text)
    }
  }

  test('a folder is read in, and a question gets citations whose bytes are right', async () => {
    await runa.ask('ingest', folder, '--topic', 'jars')
    await assertAnswers()
    const { topics } = (await runa.ask('topics')) as { topics: { name: string; documents: number }[] }
    assert.deepEqual(topics.find(({ name }) => name === 'jars')?.documents, 2)
  })

  test('a stream of many windows comes to its end', async () => {
    const many = join(runa.home, 'many')
    mkdirSync(many)
    for (let number = 0; number < 300; number += 1) {
      writeFileSync(join(many, `${number}.md`), `Jar ${number}.\n`)
    }
    assert.equal((await runa.ask('ingest', many, '--topic', 'many'))['stored'], 300)
  })

  test('its refusals reach a person with their code', async () => {
    assert.match((await runa.runa('ask', '--topic', 'jugs', QUESTION)).stderr, /TOPIC_UNKNOWN/)
    assert.match(
      (await runa.runa('ingest', join(folder, 'none'), '--topic', 'jars')).stderr,
      /FILE_NOT_FOUND/,
    )
  })

  test('status says that it is replaced', async () => {
    assert.deepEqual((await runa.status('tieto')).replacedBy, ['python3', TIETO])
    assert.match((await runa.runa('status')).stdout, /tieto is replaced.*tieto\.py/)
  })

  test('it is killed, comes back, and has lost nothing', async (t) => {
    const [pid = assert.fail('it does not run')] = program()
    const { restarts } = await runa.status('tieto')
    const killedMs = performance.now()
    kill(pid)
    await until(async () => (await runa.status('tieto')).restarts > restarts)
    await until(async () => (await runa.status('tieto')).state === 'running')
    t.diagnostic(`back within ${Math.round(performance.now() - killedMs)} ms`)
    assert.ok(!program().includes(pid))
    await assertAnswers()
  })

  test('it ends with its bridge, and with Runa', async () => {
    const [pid = assert.fail('it does not run')] = program()
    kill((await runa.status('tieto')).pid ?? assert.fail('its bridge does not run'))
    await until(() => !program().includes(pid) && program().length > 0)
    await until(async () => (await runa.status('tieto')).state === 'running')
    await assertAnswers()
    assert.equal((await runa.runa('down')).status, 0)
    assert.deepEqual(runa.processes(), [])
  })
})

test('a program that does not exist is named before anything is started', async () => {
  const runa = createTestRuna('services:\n  tieto:\n    command: [no-such-program]\n')
  try {
    const { status, stderr } = await runa.runa('up')
    assert.equal(status, 1)
    assert.match(stderr, /runa\.yaml:3:\d+: services\.tieto\.command: there is no program 'no-such-program'/)
    assert.match(stderr, /CONFIG_INVALID/)
  } finally {
    await runa.remove()
  }
})

/** The talk in the guide: who speaks, and the envelope. */
const talk = readFileSync(packageFolder('docs/guides/any-language.md'), 'utf8')
  .split('\n')
  .flatMap((line) => {
    const [, arrow, envelope = ''] = /^ {4}([→←]) (\{.*\})$/.exec(line) ?? []
    return arrow === undefined ? [] : [{ arrow, envelope: JSON.parse(envelope) as Envelope }]
  })
  // What is said of secrets is played to gilgul's side by another test.
  .filter(({ envelope: { from, to } }) => ![from, to].includes('secrets'))

test('every line of the guide is an envelope, and fits the contract', () => {
  assert.ok(talk.filter(({ envelope }) => envelope.type === 'query').length > 2)
  for (const { envelope } of talk) {
    const { type, operation, payload, last } = envelopeSchema.parse(envelope)
    const operations: Readonly<Record<string, Operation>> = tietoContract.operations
    const declared = operations[operation]
    if (type === 'query') assert.deepEqual(declared?.input.parse(payload), payload)
    if (type !== 'response' || !declared) continue
    if (!('item' in declared)) assert.deepEqual(declared.output.parse(payload), payload)
    else if (!last) assert.deepEqual(declared.item.parse(payload), payload)
  }
})

test('the example says what the guide says that it says', NEEDS, async () => {
  const home = mkdtempSync(join(tmpdir(), 'runa-guide-'))
  const child = spawn('python3', [TIETO], {
    env: { ...process.env, RUNA_HOME: home },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  try {
    for (const [index, { arrow, envelope }] of talk.entries()) {
      if (arrow === '→') child.stdin.write(`${JSON.stringify(envelope)}\n`)
      else assert.deepEqual(withoutChance(await nextAfter(index === 0)), withoutChance(envelope))
    }
  } finally {
    child.kill('SIGKILL')
    rmSync(home, { recursive: true })
  }

  /** Heartbeats come when they come: only the first is told. */
  async function nextAfter(withHeartbeats: boolean): Promise<Envelope> {
    for (;;) {
      const { value } = await lines.next()
      const envelope = envelopeSchema.parse(JSON.parse(value ?? ''))
      if (withHeartbeats || envelope.type !== 'heartbeat') return envelope
    }
  }
})

/** What differs each time. */
function withoutChance({ id, sentAt, ...envelope }: Envelope) {
  assert.ok(id && sentAt)
  return envelope.type === 'heartbeat' ? { ...envelope, trace: '', call: '' } : envelope
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
  } catch {
    return ''
  }
}
