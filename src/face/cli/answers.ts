import { type Client, conversationContract, RunaError } from '#protocol'
import type { Runa } from './connection.ts'

type Conversation = Client<typeof conversationContract>

/** In how many of the last used threads an answer is looked for by the beginning of its id. */
const THREADS_LOOKED_INTO = 200
const WHOLE_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
const BEGINNING = /^[0-9a-f-]{4,35}$/

/** As people name an answer: `latest`, its id, or the beginning of it. Rejects with ANSWER_UNKNOWN and BAD_INPUT. */
export async function findAnswer({ client, signal }: Runa, named: string): Promise<string> {
  const wanted = named.toLowerCase()
  if (WHOLE_ID.test(wanted)) return wanted
  const conversation = client(conversationContract)
  if (wanted === 'latest') return latest(conversation, signal)
  if (!BEGINNING.test(wanted)) {
    throw new RunaError(
      'BAD_INPUT',
      `An answer is named by its id, by four or more characters of its beginning, or 'latest', not '${named}'.`,
    )
  }
  return byBeginning(conversation, wanted, signal)
}

async function latest(conversation: Conversation, signal: AbortSignal): Promise<string> {
  const { threads } = await conversation.threads({ limit: 1 }, { signal })
  for (const { id } of threads) {
    const { turns } = await conversation.thread({ id }, { signal })
    const last = turns.at(-1)
    if (last) return last.id
  }
  throw new RunaError('ANSWER_UNKNOWN', 'There is no answer yet. Ask something first: `runa ask "..."`')
}

async function byBeginning(
  conversation: Conversation,
  beginning: string,
  signal: AbortSignal,
): Promise<string> {
  const { threads } = await conversation.threads({ limit: THREADS_LOOKED_INTO }, { signal })
  const found: string[] = []
  for (const { id } of threads) {
    for await (const answer of answersIn(conversation, id, signal))
      if (answer.startsWith(beginning)) found.push(answer)
  }
  const [first, second] = found
  if (first === undefined)
    throw new RunaError('ANSWER_UNKNOWN', `No answer has an id that begins with '${beginning}'.`)
  if (second !== undefined) {
    throw new RunaError(
      'BAD_INPUT',
      `${found.length} answers begin with '${beginning}', such as ${first} and ${second}.`,
    )
  }
  return first
}

async function* answersIn(
  conversation: Conversation,
  id: string,
  signal: AbortSignal,
): AsyncGenerator<string> {
  let before: string | undefined
  for (;;) {
    const { turns, omitted } = await conversation.thread(before === undefined ? { id } : { id, before }, {
      signal,
    })
    yield* turns.map((turn) => turn.id)
    before = turns[0]?.id
    if (omitted === 0 || before === undefined) return
  }
}
