import assert from 'node:assert/strict'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, beforeEach, test } from 'node:test'
import { openJournal } from '#kernel/journal'
import { call, createMemoryTransports, serve } from '#kernel/service'
import { alethiaContract, createUuidV7, type Handlers, RunaError } from '#protocol'
import { createStandInMemory, type StandInMemory } from '../remembering/stand-in-memory.ts'
import { type MoveLedger, migrateThreads } from './migration.ts'

const root = await mkdtemp(join(tmpdir(), 'runa-migration-'))
const never = new AbortController().signal
let folder: string
after(() => rm(root, { recursive: true }))
beforeEach(async () => {
  folder = await mkdtemp(join(root, 'threads-'))
})

/** A record as an earlier Runa wrote it, with what it read copied into its prompt. */
function oldRecord(thread: string, question: string, past: readonly { id: string; question: string }[] = []) {
  const history = past.flatMap((turn) => [
    { origin: `turn ${turn.id}`, role: 'user', text: turn.question },
    { origin: `turn ${turn.id}`, role: 'assistant', text: 'So.' },
  ])
  return {
    ...{ id: createUuidV7(), thread, at: 1, question, answer: 'So.', reason: 'stop', persona: 'default' },
    ...{ citations: [], notices: [], passages: [], verdicts: [], sampling: {} },
    prompt: [...history, { origin: 'question', role: 'user', text: question }],
    model: { id: 'm', engine: 'llama', digest: '' },
    usage: { promptTokens: 1, completionTokens: 1 },
    timings: { searchMs: 0, firstTokenMs: 0, totalMs: 0 },
  }
}

async function writeThread(questions: readonly string[]) {
  const thread = createUuidV7()
  const { journal } = await openJournal(join(folder, `${thread}.journal`))
  const records: ReturnType<typeof oldRecord>[] = []
  for (const question of questions) {
    const record = oldRecord(thread, question, records)
    records.push(record)
    await journal.append(Buffer.from(JSON.stringify({ kind: 'turn', turn: record })))
  }
  await journal.close()
  return { thread, records }
}

/** Moves what there is into `memory`, to its end; `remember` may go wrong. Returns what is left, and what was said. */
async function move(memory: StandInMemory, remember = memory.handlers.remember, ledger?: MoveLedger) {
  const [serverSide, clientSide] = createMemoryTransports()
  const handlers = { ...memory.handlers, remember } as Handlers<typeof alethiaContract>
  const service = serve(alethiaContract, handlers, serverSide)
  const migration = migrateThreads(folder, call(alethiaContract, clientSide), {
    signal: never,
    ...(ledger && { ledger }),
  })
  await migration.settled(never)
  await service.stop()
  clientSide.close()
  serverSide.close()
  return { left: (await readdir(folder)).sort(), faults: migration.faults() }
}

test('old threads are moved turn by turn, name what they had copied, and leave no file behind', async () => {
  const { thread, records } = await writeThread(['Who swims?', 'Why?'])
  await writeFile(join(folder, `${thread}.journal.torn`), 'half of a secret')
  const memory = createStandInMemory()
  const { left, faults } = await move(memory)
  assert.deepEqual({ left, faults }, { left: [], faults: [] })
  const [first, second] = memory.kept
  assert.deepEqual(
    memory.kept.map(({ turn }) => [turn.id, turn.thread, turn.at, turn.utterances.map(({ text }) => text)]),
    records.map(({ id, question }) => [id, thread, 1, [question, 'So.']]),
  )
  const whole = (turn: string | undefined, utterance: number, end: number) => [
    { turn, utterance, start: 0, end },
  ]
  assert.deepEqual(
    second?.record?.prompt.map(({ said, text }) => [text, said]),
    [
      [undefined, whole(first?.turn.id, 0, 10)],
      [undefined, whole(first?.turn.id, 1, 3)],
      [undefined, whole(second?.turn.id, 0, 4)],
    ],
  )
})

test('wherever a move is cut off, the next one ends it, and no turn is there twice or lost', async () => {
  for (let deathAt = 0; deathAt <= 4; deathAt += 1) {
    const written = [await writeThread(['One?', 'Two?']), await writeThread(['Three?', 'Four?'])]
    const memory = createStandInMemory()
    let calls = 0
    await move(memory, async (input, context) => {
      // Half of them die before the turn is kept, half after it.
      calls += 1
      if (calls > deathAt && deathAt % 2 === 0) throw new RunaError('DISK_FULL')
      const answer = await memory.handlers.remember?.(input, context)
      if (calls > deathAt) throw new RunaError('DISK_FULL')
      return answer ?? {}
    })
    const [moved] = written
    if (deathAt >= 2) await writeFile(join(folder, `${moved?.thread}.journal.moved`), 'half overwritten')
    const { left, faults } = await move(memory)
    assert.deepEqual({ left, faults }, { left: [], faults: [] })
    assert.deepEqual(
      memory.kept.map(({ turn }) => turn.id).sort(),
      written.flatMap(({ records }) => records.map(({ id }) => id)).sort(),
    )
  }
})

test('a damaged thread is left as it is and named, and costs the others nothing', async () => {
  const { records } = await writeThread(['One?'])
  const damaged = `${createUuidV7()}.journal`
  await writeFile(join(folder, damaged), 'no journal at all, but long enough to be one')
  await writeFile(join(folder, `${createUuidV7()}.journal.damaged`), 'set aside before')
  const strange = await writeThread([])
  const { journal } = await openJournal(join(folder, `${strange.thread}.journal`))
  await journal.append(Buffer.from('{"kind":"turn","turn":{"question":"secret"}}'))
  await journal.close()
  const memory = createStandInMemory()
  const { left, faults } = await move(memory)
  assert.equal(left.length, 3)
  assert.equal(faults.length, 3)
  assert.ok(faults.some(({ file }) => file.endsWith(damaged)))
  assert.ok(!JSON.stringify(faults).includes('secret'))
  assert.deepEqual(
    memory.kept.map(({ turn }) => turn.id),
    records.map(({ id }) => id),
  )
})

test('without a disk to keep them on, nothing is moved, and it is said', async () => {
  await writeThread(['One?'])
  const memory = createStandInMemory()
  memory.hasDisk = false
  const { left, faults } = await move(memory)
  assert.deepEqual([left.length, memory.kept.length], [1, 0])
  assert.match(faults[0]?.message ?? '', /with coven/)
})

test('a turn that was moved before and is forgotten does not come back', async () => {
  const { records } = await writeThread(['One?', 'Two?'])
  const memory = createStandInMemory()
  memory.forgotten.add(records[0]?.id ?? '')
  const { left, faults } = await move(memory)
  assert.deepEqual({ left, faults }, { left: [], faults: [] })
  assert.deepEqual(
    memory.kept.map(({ turn }) => turn.id),
    [records[1]?.id],
  )
})

test('a thread that turns up after all were moved is named and not believed', async () => {
  let isDone = false
  const ledger = {
    isDone: async () => isDone,
    async done() {
      isDone = true
    },
  }
  const memory = createStandInMemory()
  const damaged = join(folder, `${createUuidV7()}.journal`)
  await writeFile(damaged, 'no journal at all, but long enough to be one')
  await move(memory, memory.handlers.remember, ledger)
  assert.equal(isDone, false)
  await rm(damaged)
  await writeThread(['One?'])
  await move(memory, memory.handlers.remember, ledger)
  assert.deepEqual([isDone, memory.kept.length], [true, 1])
  await writeThread(['Forged?'])
  const { left, faults } = await move(memory, memory.handlers.remember, ledger)
  assert.deepEqual([left.length, faults.length, memory.kept.length], [1, 1, 1])
  assert.match(faults[0]?.message ?? '', /not read/)
})
