import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** Long conversations between two people, with questions and the utterances that answer them. */
export interface Locomo {
  readonly utterances: readonly LocomoUtterance[]
  readonly questions: readonly LocomoQuestion[]
}

export interface LocomoUtterance {
  readonly id: string
  /** Number of the session, from 1. */
  readonly session: number
  readonly speaker: string
  /** With the caption of a picture that was sent along. */
  readonly text: string
}

interface LocomoQuestion {
  readonly text: string
  readonly category: (typeof CATEGORIES)[number]
  /** Ids of utterances; at least one. */
  readonly evidence: readonly string[]
}

export const CATEGORIES = ['multi-hop', 'temporal', 'open', 'single', 'adversarial'] as const
const SESSIONS_MAX = 60

interface Raw {
  readonly conversation: Readonly<Record<string, unknown>>
  readonly qa: readonly {
    readonly question: string
    readonly category: number
    readonly evidence?: readonly unknown[]
  }[]
}

interface RawUtterance {
  readonly dia_id: string
  readonly speaker: string
  readonly text: string
  readonly blip_caption?: string
}

export async function readLocomo(folder: string): Promise<Locomo[]> {
  const raw = JSON.parse(await readFile(join(folder, 'locomo_0-4.json'), 'utf8')) as Raw[]
  return raw.map(({ conversation, qa }) => {
    const utterances = utterancesOf(conversation)
    const ids = new Set(utterances.map(({ id }) => id))
    const questions = qa.map(({ question, category, evidence = [] }) => ({
      text: question,
      category: CATEGORIES[category - 1] ?? 'open',
      evidence: evidenceOf(evidence).filter((id) => ids.has(id)),
    }))
    return { utterances, questions: questions.filter(({ evidence }) => evidence.length > 0) }
  })
}

function utterancesOf(conversation: Raw['conversation']): LocomoUtterance[] {
  return Array.from({ length: SESSIONS_MAX }, (_, index) => index + 1).flatMap((session) => {
    const said = (conversation[`session_${session}`] ?? []) as readonly RawUtterance[]
    return said.map(({ dia_id: id, speaker, text, blip_caption: caption }) => ({
      ...{ id, session, speaker },
      text: caption === undefined ? text : `${text} ${caption}`,
    }))
  })
}

/** Some are written `D:11:26`, or several in one string. */
function evidenceOf(evidence: readonly unknown[]): string[] {
  const ids = evidence.flatMap((one) => String(one).split(/[;,\s]+/))
  return [...new Set(ids.map((id) => id.replace(/^D:?(\d+):0*(\d+)$/, 'D$1:$2')))]
}
