import {
  type AnswerRecord,
  type CallContext,
  type Client,
  type conversationContract,
  type Feedback,
  type Handlers,
  type inferenceContract,
  RunaError,
} from '#protocol'
import { mergeSystem } from '../prompt.ts'
import type { Alethia } from '../remembering/alethia-client.ts'
import { fillPart, type TurnsById } from '../remembering/earlier-words.ts'
import { readAnswer, readTurns, turnsInPrompt } from '../remembering/kept-turns.ts'
import { replay } from './replay.ts'
import { changesSince, type TodayNeeds } from './replay-today.ts'
import { explain } from './why.ts'

type Operations = Handlers<typeof conversationContract>

interface ExplainingNeeds extends TodayNeeds {
  readonly alethia: Alethia
  readonly inference: Pick<Client<typeof inferenceContract>, 'complete' | 'models'>
  readonly announce: (thread: { readonly id: string }) => void
}

/** The operations that look back at one answer: why it is as it is, whether it would be again, and what somebody thinks of it. */
export function createExplaining(needs: ExplainingNeeds): Pick<Operations, 'why' | 'replay' | 'feedback'> {
  const { alethia, inference, announce } = needs
  return {
    async why({ id }, context) {
      const { record, feedback } = await readAnswer(alethia, id, context)
      const { turns } = await readTurns(alethia, turnsNamedIn(record), context)
      return explain(record, { words: wordsOf(turns), feedback })
    },
    async replay({ id }, context) {
      const { record } = await readAnswer(alethia, id, context)
      const { turns, forgotten, unknown } = await readTurns(alethia, turnsInPrompt(record), context)
      const today = await changesSince(needs, record, context)
      const messages = mergeSystem(
        record.prompt
          .map((part) => fillPart(part, turns))
          .map(({ role, text = '' }) => ({ role: roleOf(role), content: text })),
      )
      return replay(inference, { record, messages, forgotten: [...forgotten, ...unknown] }, today, context)
    },
    async feedback({ answer, verdict, correction }, context) {
      const { record, feedback: before } = await readAnswer(alethia, answer, context)
      await refuseOffTheRecord(alethia, record, context)
      const feedback = {
        ...kept('verdict', verdict, before?.verdict),
        ...kept('correction', correction, before?.correction),
      }
      const { signal, trace } = context
      await alethia.feedback({ turn: answer, ...feedback }, { signal, trace })
      if (record.thread !== null) announce({ id: record.thread })
      return { feedback }
    },
  }
}

/** Nobody should believe that something is kept which is not. */
async function refuseOffTheRecord(
  alethia: Pick<Alethia, 'thread'>,
  { thread: id }: AnswerRecord,
  { signal, trace }: CallContext,
): Promise<void> {
  if (id === null) return
  const { thread } = await alethia.thread({ id, turnsMax: 1 }, { signal, trace })
  if (!thread.offTheRecord) return
  throw new RunaError(
    'BAD_INPUT',
    'This thread is off the record: what you think of its answers is not kept either.',
  )
}

/** What is not named stays as it was; null takes it back. */
function kept<Name extends keyof Feedback>(
  name: Name,
  given: Feedback[Name] | null | undefined,
  before: Feedback[Name] | undefined,
): { [N in Name]?: Feedback[Name] } {
  const value = given === undefined ? before : given
  return (value === undefined || value === null ? {} : { [name]: value }) as { [N in Name]?: Feedback[Name] }
}

/** For its memory, and for what the person asked for about the manner. */
function turnsNamedIn({ memory, manner }: AnswerRecord): string[] {
  const evidence = manner.settings.flatMap(({ turn }) => turn ?? [])
  return [...memory.used.map(({ turn }) => turn), ...evidence]
}

function wordsOf(turns: TurnsById): Map<string, string[]> {
  return new Map([...turns].map(([id, { utterances }]) => [id, utterances.map(({ text }) => text)]))
}

function roleOf(role: string): 'system' | 'user' | 'assistant' {
  return role === 'system' || role === 'assistant' ? role : 'user'
}
