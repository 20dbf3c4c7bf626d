import type { AnswerRecord, Explained, Explanation, Feedback } from '#protocol'
import { countOf, dateOf, quote } from './phrases.ts'
import { explainComputing, explainEnd } from './why-computed.ts'
import { explainManner, type Words } from './why-manner.ts'

/** What an explanation says of an answer beyond its record. */
export interface Beside {
  readonly words: Words
  readonly feedback?: Feedback | undefined
}

type Group = Explanation['groups'][number]

const TITLES: Readonly<Record<Group['about'], string>> = {
  asked: 'What was asked',
  'answered-by': 'Who answered',
  read: 'What it read',
  remembered: 'What it remembered',
  manner: 'How it was told to speak',
  policy: 'What the policy did',
  'left-out': 'What was left out',
  time: 'How long it took',
  feedback: 'What you said about it',
}

/** An answer's record in plain sentences. It adds nothing that is not in there, and judges nothing. */
export function explain(record: AnswerRecord, beside: Beside): Explanation {
  const about: Readonly<Record<Group['about'], readonly Explained[]>> = {
    asked: [say(`On ${momentOf(record.at)} you asked: ${quote(record.question)}`)],
    'answered-by': [...explainComputing(record), ...explainEnd(record)].map(say),
    read: explainReading(record),
    remembered: explainMemory(record, beside),
    manner: explainManner(record, beside.words),
    policy: explainPolicy(record).map(say),
    'left-out': record.notices.map(({ detail }) => say(detail)),
    time: explainTime(record).map(say),
    feedback: explainFeedback(beside.feedback).map(say),
  }
  const groups = Object.entries(TITLES) as [Group['about'], string][]
  return {
    answer: record.id,
    groups: groups
      .map(([subject, title]) => ({ about: subject, title, sentences: [...about[subject]] }))
      .filter(({ sentences }) => sentences.length > 0),
  }
}

function say(text: string): Explained {
  return { text }
}

function momentOf(atMs: number): string {
  return `${new Date(atMs).toISOString().slice(0, 16).replace('T', ' at ')} (UTC)`
}

function explainReading(record: AnswerRecord): Explained[] {
  if (record.model.engine === 'none') return []
  return [...explainPassages(record), ...explainBudget(record).map(say)]
}

const PARTS = {
  manner: 'how you like to be spoken to',
  history: 'this conversation',
  passages: 'passages',
  memory: 'earlier conversations',
} as const

function explainBudget({ budget }: AnswerRecord): string[] {
  if (budget === undefined || budget.tokensMax === 0) return []
  const { tokensMax, fixedTokens, parts } = budget
  const given = parts.filter(({ tokens }) => tokens > 0).map(({ part, tokens }) => `${tokens} ${PARTS[part]}`)
  const used = [`${fixedTokens} were persona and question`, ...given].join(', ')
  return [`There was room for some ${tokensMax} tokens of prompt, by estimate: ${used}.`]
}

function explainPassages({ passages, citations }: AnswerRecord): Explained[] {
  if (passages.length === 0) return [say('It was given no document to read.')]
  const named = new Set(citations.map(({ number }) => number))
  const some = passages.length === 1 ? 'one passage' : `${passages.length} passages`
  const count = say(`It was given ${some} of your documents, and names ${named.size} of them.`)
  const each = passages.map(({ number, topic, document, start, end, title }): Explained => {
    const where = `${document} in the topic ${topic}, bytes ${start} to ${end}`
    const use = named.has(number) ? 'The answer names it.' : 'The answer does not name it.'
    return { text: `[${number}] ${title}: ${where}. ${use}`, place: { topic, document, start, end } }
  })
  return [count, ...each]
}

function explainMemory({ prompt, memory }: AnswerRecord, { words }: Beside): Explained[] {
  const turns = new Set(prompt.map(({ origin }) => origin).filter((origin) => origin.startsWith('turn ')))
  const history =
    turns.size === 0 ? [] : [say(`It read ${countOf(turns.size, 'earlier turn')} of this conversation.`)]
  if (!memory.asked) return history
  const used = memory.used.map(({ turn, utterance, at, start, end }): Explained => {
    const said = words.get(turn)?.[utterance]
    if (said === undefined) return { text: `Something said on ${dateOf(at)} that is forgotten by now.`, turn }
    const part = Buffer.from(said).subarray(start, end).toString()
    const who = utterance === 0 ? 'you said' : 'an answer was'
    return { text: `In another conversation, on ${dateOf(at)}, ${who}: ${quote(part)}`, turn }
  })
  const looked = 'It looked into earlier conversations, and was given nothing of them.'
  return [...history, ...(used.length === 0 ? [say(looked)] : used)]
}

const DONE = { allow: 'let pass', flag: 'marked', mask: 'masked', block: 'blocked' } as const

function explainPolicy({ verdicts, computation, model }: AnswerRecord): string[] {
  if (model.engine === 'none') return []
  if (verdicts.length > 0) {
    return verdicts.map(({ direction, start, end, tokens, rule, policy, dimension, action }) => {
      const where =
        direction === 'input'
          ? `in your message, bytes ${start} to ${end}`
          : `in the answer, ${tokens ? `tokens ${tokens.from} to ${tokens.to}` : `bytes ${start} to ${end}`}`
      return `The rule '${rule}' of the policy '${policy}' (${dimension}) found something ${where}. It was ${DONE[action]}.`
    })
  }
  if (computation === undefined) return ['The policy found nothing.']
  const { policy } = computation
  return policy === ''
    ? ['No policy looked at it: they are switched off.']
    : [`The policies looked at every token, and found nothing (${policy.slice(0, 12)}).`]
}

function explainTime({ timings, usage, model }: AnswerRecord): string[] {
  const { searchMs, recallMs, mannerMs, firstTokenMs, totalMs } = timings
  const looks = [
    ['your documents', searchMs],
    ['earlier conversations', recallMs],
    ['how you like to be spoken to', mannerMs],
  ] as const
  const looked = looks.filter(([, ms]) => ms > 0).map(([what, ms]) => `${durationOf(ms)} for ${what}`)
  const parallel = looked.length > 1 ? ', side by side' : ''
  const engine = `The engine said its first word ${durationOf(firstTokenMs)} after it was asked.`
  const read = `It read ${countOf(usage.promptTokens, 'token')} and wrote ${countOf(usage.completionTokens, 'token')}.`
  return [
    ...(looked.length > 0 ? [`Looking things up took ${looked.join(', ')}${parallel}.`] : []),
    ...(model.engine === 'none' ? [] : [engine, read]),
    `In all it took ${durationOf(totalMs)}.`,
  ]
}

function explainFeedback(feedback: Feedback | undefined): string[] {
  if (feedback === undefined) return []
  const { verdict, correction, at } = feedback
  const found = verdict === 'up' ? 'that it is good' : 'that it is not good'
  return [
    ...(verdict ? [`On ${dateOf(at)} you said ${found}.`] : []),
    ...(correction ? [`You said what would have been right: ${quote(correction)}`] : []),
  ]
}

function durationOf(durationMs: number): string {
  if (durationMs < 1) return 'less than a millisecond'
  return durationMs < 1_000 ? `${Math.round(durationMs)} ms` : `${(durationMs / 1_000).toFixed(1)} s`
}
