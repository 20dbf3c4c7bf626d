import { type Citation, conversationContract, RunaError, type Turn } from '#protocol'
import { withRuna } from '../connection.ts'
import { harmless, print } from '../output.ts'

export interface AskOptions {
  readonly topic: readonly string[]
  readonly model?: string
  readonly persona?: string
  readonly thread?: string
  readonly json: boolean
}

const NEEDED = ['inference', 'tieto', 'conversation']

/** Streams the answer to the terminal, then the sources; with --json, one object once the answer is whole. */
export async function ask(question: string, options: AskOptions): Promise<void> {
  const { topic, json, model, persona, thread } = options
  const wishes = Object.fromEntries(
    Object.entries({ model, persona, thread }).filter(([, value]) => value !== undefined),
  )
  await withRuna(NEEDED, async ({ client, signal }) => {
    const input = { question, topics: [...topic], ...wishes }
    let match = false
    let turn: Turn | undefined
    for await (const item of client(conversationContract).turn(input, { signal })) {
      if (item.kind === 'passages') match = item.match
      if (item.kind === 'text' && !json) process.stdout.write(harmless(item.text))
      if (item.kind === 'end') turn = item.turn
    }
    if (!turn) throw new RunaError('SERVICE_LOST', 'The answer broke off.')
    if (json) print(describe(turn, match), true, '')
    else process.stdout.write(harmless(`\n${sources(turn.citations)}`))
    if (!json) for (const { detail } of turn.notices) process.stderr.write(harmless(`Note: ${detail}\n`))
  })
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
