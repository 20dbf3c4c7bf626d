import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { conversationContract, inferenceContract, type Replay, type Turn } from '#protocol'
import { writeGguf } from '../model/gguf.ts'
import { randomLlama, SMALL } from '../model/random-models.ts'
import { createTestRuna, type TestRuna } from '../system/test-runa.ts'
import type { TortureOptions, TortureRow } from './row.ts'
import { overBus } from './running.ts'

const MODEL = 'babbler'
const TOPIC = 'harbour'
/** A token of this model is mostly one byte, so that a prompt takes many. */
const CONTEXT_TOKENS = 6_144
const TIMEOUT_MS = 120_000
const TOGETHER = 3

const SUBJECTS = ['The pilot', 'The keeper', 'A barge', 'The ferry', 'The crane', 'An old buoy', 'The quay']
const DEEDS = ['waits for', 'guides', 'carries', 'passes', 'watches', 'never leaves', 'belongs to']
const OBJECTS = ['the tide', 'the coal', 'the fishing boats', 'the north mole', 'the night watch', 'the lamp']

/**
 * Records answers, half of them quotes and half drawn by lot from a model, kills what has answered, and has each said
 * again. `identical` should be as many as `replayed`.
 */
export async function tortureReplay({ faults: answers, random }: TortureOptions): Promise<TortureRow[]> {
  const runa = createTestRuna(`engine:\n  contextTokens: ${CONTEXT_TOKENS}\n`)
  try {
    await runa.start()
    await fill(runa, random)
    const turns = await record(runa, answers, random)
    // What is remembered by the processes alone must not matter.
    await runa.ask('down')
    await runa.start()
    const replays = countReplays('each answer said again after a new start', await replayAll(runa, turns))
    const row = { ...replays, ...(await countPrompts(runa, turns)) }
    await exchangeModel(runa)
    const drawn = turns.filter(({ model }) => model.id === MODEL).slice(0, 3)
    const planted = countReplays('planted: another model under the same name', await replayAll(runa, drawn))
    return [row, { ...planted, found: planted['identical'] === 0 && planted['unexplained'] === 0 }]
  } finally {
    await runa.remove()
  }
}

async function fill(runa: TestRuna, random: () => number): Promise<void> {
  const folder = join(runa.home, 'texts')
  await mkdir(folder)
  for (let file = 0; file < 8; file += 1) {
    const sentences = Array.from({ length: 12 }, () => sentence(random))
    await writeFile(join(folder, `part-${file}.md`), `# Part ${file}\n\n${sentences.join('\n\n')}\n`)
  }
  await runa.ask('ingest', folder, '--topic', TOPIC)
  await addModel(runa, 1)
}

function sentence(random: () => number): string {
  const pick = (words: readonly string[]) => words[Math.floor(random() * words.length)] ?? ''
  return `${pick(SUBJECTS)} ${pick(DEEDS)} ${pick(OBJECTS)}.`
}

async function addModel(runa: TestRuna, seed: number): Promise<void> {
  const path = join(runa.home, `${MODEL}-${seed}.gguf`)
  const { entries, tensors, valuesOf } = randomLlama({ ...SMALL, contextTokens: CONTEXT_TOKENS }, seed)
  await writeGguf(path, entries, tensors, valuesOf)
  await runa.ask('models', 'add', path, '--id', MODEL)
}

async function exchangeModel(runa: TestRuna): Promise<void> {
  await overBus(runa, (clientOf) => clientOf(inferenceContract).removeModel({ id: MODEL }))
  await addModel(runa, 2)
}

/** Every other one by the model; some go on with a thread, so that a prompt holds what was said before. */
async function record(runa: TestRuna, answers: number, random: () => number): Promise<Turn[]> {
  const turns: Turn[] = []
  let thread: string | undefined
  for (let index = 0; index < answers; index += 1) {
    const isDrawn = index % 2 === 1
    const sampling = { temperature: 0.5 + random(), tokensMax: 16 + Math.floor(random() * 48) }
    const question = {
      ...{ question: `What about this: ${sentence(random)}`, topics: random() < 0.7 ? [TOPIC] : [] },
      ...(isDrawn ? { model: MODEL, sampling } : { model: 'extractive' }),
      ...(thread !== undefined && random() < 0.5 && { thread }),
    }
    await overBus(runa, async (clientOf) => {
      const options = { timeoutMs: TIMEOUT_MS }
      for await (const item of clientOf(conversationContract).turn(question, options)) {
        if (item.kind === 'start') thread = item.thread ?? undefined
        if (item.kind === 'end') turns.push(item.turn)
      }
    })
  }
  return turns
}

/** Three at a time, so that they meet in the engine. */
async function replayAll(runa: TestRuna, turns: readonly Turn[]): Promise<Replay[]> {
  return await overBus(runa, async (clientOf) => {
    const conversation = clientOf(conversationContract)
    const replays: Replay[] = []
    for (let start = 0; start < turns.length; start += TOGETHER) {
      const some = turns.slice(start, start + TOGETHER)
      replays.push(
        ...(await Promise.all(some.map(({ id }) => conversation.replay({ id }, { timeoutMs: TIMEOUT_MS })))),
      )
    }
    return replays
  })
}

/** How many have read more than their question: else the replays would show little. */
async function countPrompts(runa: TestRuna, turns: readonly Turn[]) {
  return await overBus(runa, async (clientOf) => {
    const conversation = clientOf(conversationContract)
    const counts = { withPassages: 0, withHistory: 0, withMemory: 0 }
    for (const { id } of turns) {
      const { prompt, passages } = await conversation.answer({ id })
      if (passages.length > 0) counts.withPassages += 1
      if (prompt.some(({ origin }) => origin.startsWith('turn '))) counts.withHistory += 1
      if (prompt.some(({ origin }) => origin === 'memory')) counts.withMemory += 1
    }
    return counts
  })
}

function countReplays(name: string, replays: readonly Replay[]): TortureRow {
  const count = (is: (replay: Replay) => boolean) => replays.filter(is).length
  const explains = ({ differences }: Replay) => differences.some(({ what }) => what !== 'answer')
  return {
    ...{ case: name, faults: 0, lost: 0, torn: 0, wedged: count(({ ran }) => !ran) },
    replayed: replays.length,
    identical: count(({ same }) => same),
    byTokens: count(({ compared }) => compared === 'tokens'),
    byText: count(({ compared }) => compared === 'text'),
    unexplained: count((replay) => !replay.same && !explains(replay)),
  }
}
