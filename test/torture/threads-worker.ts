// Appends turns to threads until it is killed, and says on stdout which of them it was told are safe.
import { writeSync } from 'node:fs'
import { type AnswerRecord, createUuidV7 } from '#protocol'
import { openThreads } from '../../src/face/conversation/threads.ts'

const [role, folder = '', ...ids] = process.argv.slice(2)
const threads = await openThreads(folder)
const known = new Set(threads.list().map(({ id }) => id))

writeSync(1, 'ready\n')
for (let count = 0; ; count += 1) {
  const id = ids[count % ids.length] ?? ''
  const record = makeRecord(id, count)
  const release = threads.claim(id, !known.has(id))
  // The planted fault: it believes what is only on its way to the disk.
  if (role === 'hasty') writeSync(1, `${record.id}\n`)
  await threads.append(id, record)
  if (role !== 'hasty') writeSync(1, `${record.id}\n`)
  known.add(id)
  release()
}

/** Of very different lengths, so that deaths fall into the middle of large writes as well. */
function makeRecord(thread: string, count: number): AnswerRecord {
  const answer = 'word '.repeat(count % 7 === 0 ? 50_000 : count % 50)
  return {
    ...{ id: createUuidV7(), thread, at: Date.now(), question: `Question ${count}`, answer, reason: 'stop' },
    ...{
      citations: [],
      notices: [],
      manner: { mode: 'default', settings: [] },
      passages: [],
      prompt: [],
      verdicts: [],
      sampling: {},
      persona: 'default',
    },
    model: { id: 'none', engine: 'none', digest: '' },
    usage: { promptTokens: 0, completionTokens: 0 },
    timings: { searchMs: 0, firstTokenMs: 0, totalMs: 0 },
  }
}
