import { typeable } from '#kernel/home'
import { type Citation, conversationContract, RunaError, type Turn } from '#protocol'
import { withRuna } from '../connection.ts'
import { harmless } from '../harmless.ts'
import { print } from '../output.ts'

export interface AskOptions {
  readonly topic: readonly string[]
  readonly model?: string
  readonly persona?: string
  readonly thread?: string
  readonly offTheRecord: boolean
  /** Whether to look into what was said in other threads. */
  readonly memory: boolean
  readonly json: boolean
}

const NEEDED = ['inference', 'tieto', 'alethia', 'conversation']

/** Streams the answer to the terminal, then the sources; with --json, one object once the answer is whole. */
export async function ask(question: string, options: AskOptions): Promise<void> {
  const { topic, json, model, persona, thread } = options
  const keeping = {
    ...(options.offTheRecord && { offTheRecord: true }),
    ...(!options.memory && { memory: false }),
  }
  const wishes = Object.fromEntries(
    Object.entries({ model, persona, thread }).filter(([, value]) => value !== undefined),
  )
  await withRuna(NEEDED, async ({ client, signal }) => {
    const input = { question, topics: [...topic], ...wishes, ...keeping }
    let match = false
    let answered: string | null = null
    let turn: Turn | undefined
    for await (const item of client(conversationContract).turn(input, { signal })) {
      if (item.kind === 'start') answered = item.thread
      if (item.kind === 'passages') match = item.match
      if (item.kind === 'text' && !json) process.stdout.write(harmless(item.text))
      if (item.kind === 'end') turn = item.turn
    }
    if (!turn) throw new RunaError('SERVICE_LOST', 'The answer broke off.')
    if (json) print({ ...describe(turn, match), thread: answered }, true, '')
    else process.stdout.write(harmless(`\n${sources(turn.citations)}`))
    const notes = turn.notices.map(({ detail }) => detail)
    if (options.offTheRecord) notes.push(offTheRecordNote(answered))
    if (!json) for (const note of notes) process.stderr.write(harmless(typeable(`Note: ${note}\n`)))
  })
}

function offTheRecordNote(thread: string | null): string {
  return `nothing keeps this. Go on with \`runa ask --thread ${thread}\`, end it with \`runa memory close ${thread}\`.`
}

function describe(turn: Turn, match: boolean) {
  const { id, answer, citations, model, reason, notices, verdicts } = turn
  return { id, answer, citations, match, model, reason, notices, verdicts }
}

function sources(citations: readonly Citation[]): string {
  const lines = citations.map(
    ({ number, topic, document, start, end }) =>
      `[${number}] ${topic}: ${document}, bytes ${start} to ${end}\n`,
  )
  return lines.length === 0 ? '' : `\nSources:\n${lines.join('')}`
}
