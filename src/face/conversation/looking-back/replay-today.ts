import {
  type AnswerRecord,
  type CallContext,
  type Client,
  type Difference,
  type NumberedPassage,
  RunaError,
  type tietoContract,
} from '#protocol'
import type { Snarf } from '../manner.ts'
import type { Personas } from '../personas.ts'
import { differ } from './replay-compare.ts'

export interface TodayNeeds {
  readonly personas: Pick<Personas, 'find'>
  readonly tieto: Pick<Client<typeof tietoContract>, 'read'>
  readonly snarf: Pick<Snarf, 'plan'>
}

type Options = Pick<CallContext, 'signal' | 'trace'> & { readonly timeoutMs: number }

const TIMEOUT_MS = 3_000
const LATER = { concerns: 'asking-again' } as const

/**
 * What has changed since an answer was given, for who asks the same again: documents, persona, manner. What cannot be
 * looked up is named as well. Rejects only when it is cancelled.
 */
export async function changesSince(
  needs: TodayNeeds,
  record: AnswerRecord,
  { signal, trace }: CallContext,
): Promise<Difference[]> {
  const options = { signal, trace, timeoutMs: TIMEOUT_MS }
  const changes = await Promise.all([
    documentChanges(needs.tieto, record, options),
    personaChange(needs.personas, record),
    mannerChanges(needs.snarf, record, options),
  ])
  if (signal.aborted) throw signal.reason
  return changes.flat()
}

/** One sentence for each document, whatever number of its passages was read. */
async function documentChanges(
  tieto: TodayNeeds['tieto'],
  { passages }: AnswerRecord,
  options: Options,
): Promise<Difference[]> {
  const each = await Promise.all(passages.map((passage) => passageChange(tieto, passage, options)))
  const first = new Map<string, Difference>()
  for (const [index, change] of each.entries()) {
    const { topic = '', document = '' } = passages[index] ?? {}
    if (change && !first.has(`${topic} ${document}`)) first.set(`${topic} ${document}`, change)
  }
  return [...first.values()]
}

async function passageChange(
  tieto: TodayNeeds['tieto'],
  { topic, document, start, end, text, digest }: NumberedPassage,
  options: Options,
): Promise<Difference | undefined> {
  const named = `${document} in the topic ${topic}`
  const changed = (how: string, now = '') =>
    differ('document', `${named} ${how}`, { before: text, now, ...LATER })
  try {
    const place = { topic, document, start, end, beforeBytes: 0, afterBytes: 0 }
    const read = await tieto.read(place, options)
    const isSame = read.text === text && read.start === start && read.end === end
    if (!isSame) return changed('has changed where it was read.', read.text)
    const isWhole = digest === undefined || digest === read.digest
    return isWhole ? undefined : changed('has changed, though not where it was read.', read.text)
  } catch (error) {
    const code = error instanceof RunaError ? error.code : undefined
    if (code === 'DOCUMENT_UNKNOWN' || code === 'TOPIC_UNKNOWN') return changed('is gone.')
    return changed(code === 'BAD_INPUT' ? 'has changed where it was read.' : 'could not be looked at.')
  }
}

async function personaChange(
  personas: TodayNeeds['personas'],
  { persona, prompt }: AnswerRecord,
): Promise<Difference[]> {
  const before = prompt.find(({ origin }) => origin === `persona ${persona}`)?.text
  if (before === undefined) return []
  const now = await personas.find(persona).catch(() => undefined)
  if (now?.prompt === before) return []
  const how = now === undefined ? 'is gone.' : 'is told something else now.'
  return [differ('persona', `The persona '${persona}' ${how}`, { before, now: now?.prompt ?? '', ...LATER })]
}

async function mannerChanges(
  snarf: TodayNeeds['snarf'],
  { thread, manner }: AnswerRecord,
  options: Options,
): Promise<Difference[]> {
  if (thread === null) return []
  const plan = await snarf.plan({}, options).catch(() => undefined)
  if (plan === undefined)
    return [differ('manner', 'How you like to be spoken to could not be looked up.', LATER)]
  const [before, now] = [levelsOf(manner), levelsOf(plan)]
  return [...new Set([...before.keys(), ...now.keys()])].flatMap((about) => {
    const [then, today] = [before.get(about) ?? 'usual', now.get(about) ?? 'usual']
    if (then === today) return []
    return [
      differ('manner', `About ${about} it was '${then}', and is '${today}' now.`, {
        before: then,
        now: today,
        ...LATER,
      }),
    ]
  })
}

function levelsOf({ mode, settings }: AnswerRecord['manner']): Map<string, string> {
  return new Map([
    ['the mode', mode as string],
    ...settings.map(({ dimension, level }) => [dimension, level] as const),
  ])
}
