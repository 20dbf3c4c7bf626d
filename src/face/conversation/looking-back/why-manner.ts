import type { AnswerRecord, Explained, Setting } from '#protocol'
import { quote } from './phrases.ts'

/** What was said in the turns that a record refers to, utterance by utterance; a turn that is missing is forgotten. */
export type Words = ReadonlyMap<string, readonly string[]>

/** What each setting is about, as the beginning of a sentence. */
const ABOUT: Readonly<Record<Setting['dimension'], string>> = {
  length: 'How long',
  words: 'Which words',
  structure: 'How it is laid out',
  directness: 'How directly',
  tone: 'In which tone',
  formality: 'How formally',
  humour: 'Humour',
  emoji: 'Emoji',
  pace: 'How much at once',
  questions: 'Questions to you',
  literalness: 'How literally',
}

/** Each setting that changed something, why it held, and where the person asked for it. */
export function explainManner({ manner }: AnswerRecord, words: Words): Explained[] {
  const mode = manner.mode === 'default' ? [] : [{ text: `The mode '${manner.mode}' was on.` }]
  return [...mode, ...manner.settings.map((setting) => explainSetting(setting, words))]
}

function explainSetting({ dimension, level, reason, turn, locked }: Setting, words: Words): Explained {
  const lock = locked && !reason.includes('locked') ? ' It is locked.' : ''
  const said = `${ABOUT[dimension]}: ${level}. ${reason}${lock}`
  if (turn === undefined) return { text: said }
  const asked = words.get(turn)?.[0]
  const evidence =
    asked === undefined ? 'What you said then is forgotten by now.' : `You said: ${quote(asked)}`
  return { text: `${said} ${evidence}`, turn }
}
