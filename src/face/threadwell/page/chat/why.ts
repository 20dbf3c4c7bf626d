import type { AnswerReply } from '../../api.ts'
import { openDialog, refusalNote } from '../dialog.ts'
import { el, icon } from '../dom.ts'
import { get } from '../http.ts'
import { countWords, durationWords } from '../words.ts'

/** Everything that shaped an answer, as its record says. */
export async function openWhy(id: string): Promise<void> {
  try {
    const record = await get<AnswerReply>(`/api/answers/${id}`)
    openDialog({ title: 'Why this answer?', width: 'wide', body: [...sections(record)] })
  } catch (error) {
    openDialog({ title: 'Why this answer?', body: [refusalNote(error)] })
  }
}

function sections(record: AnswerReply): HTMLElement[] {
  const { model, timings, usage } = record
  const seen = countWords(record.passages.length, 'passage')
  return [
    section('In short', [
      el(
        'p',
        { class: 'small' },
        `${seen} of your documents were given to it. It names ${record.citations.length} of them.`,
      ),
    ]),
    section('Model', [
      facts([
        ['Name', model.engine === 'extractive' ? 'None: quotes only' : model.id],
        ...(model.digest === '' ? [] : [['File', `sha256 ${model.digest.slice(0, 16)}…`] as const]),
        ['Persona', record.persona],
        ['Tokens', `${usage.promptTokens} read, ${usage.completionTokens} written`],
        [
          'Time',
          `${durationWords(timings.totalMs)}, of which ${durationWords(timings.searchMs)} for the search`,
        ],
      ]),
    ]),
    ...mannerOf(record),
    section('Safety rules', [
      el('p', { class: 'small' }, record.verdicts.length === 0 ? 'No rule had to act.' : ''),
      el(
        'ul',
        { class: 'stack-2 small' },
        ...record.verdicts.map(({ rule, action }) => el('li', {}, `${rule}: ${action}`)),
      ),
    ]),
    section('What it was given, in order', [
      ...record.prompt.map(({ origin, text }) =>
        el(
          'details',
          { class: 'plain' },
          el('summary', {}, icon('chevron-right', 'sm'), origin),
          el('pre', { class: 'command', tabindex: 0 }, text ?? 'This was forgotten.'),
        ),
      ),
    ]),
  ]
}

/** Nothing where the persona alone decided. */
function mannerOf({ manner }: AnswerReply): HTMLElement[] {
  if (manner.settings.length === 0) return []
  const rows = manner.settings.map(
    ({ dimension, level, reason }) => [`${dimension}: ${level}`, reason] as const,
  )
  return [section('How it was to speak', [facts(rows)])]
}

function section(title: string, content: readonly HTMLElement[]): HTMLElement {
  return el('section', { class: 'sect' }, el('h3', {}, title), ...content)
}

function facts(rows: readonly (readonly [string, string])[]): HTMLElement {
  return el(
    'dl',
    { class: 'kv' },
    ...rows.flatMap(([name, words]) => [el('dt', {}, name), el('dd', {}, words)]),
  )
}
