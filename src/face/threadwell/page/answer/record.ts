import type { AnswerReply } from '../../api.ts'
import { refusalNote } from '../dialog.ts'
import { el, icon } from '../dom.ts'
import { get } from '../http.ts'
import { durationWords } from '../words.ts'

/** The record itself, for whoever wants to check the words above it. It is asked for when it is opened. */
export function recordDetails(answer: string): HTMLElement {
  const place = el('div', { class: 'stack-5' })
  const details = el(
    'details',
    { class: 'plain' },
    el('summary', {}, icon('chevron-right', 'sm'), 'The whole record'),
    place,
  )
  details.addEventListener('toggle', async () => {
    if (!details.open || place.children.length > 0) return
    try {
      place.replaceChildren(...sections(await get<AnswerReply>(`/api/answers/${answer}`)))
    } catch (error) {
      place.replaceChildren(refusalNote(error))
    }
  })
  return details
}

function sections(record: AnswerReply): HTMLElement[] {
  const { model, timings, usage, sampling } = record
  return [
    facts([
      ['Model', model.engine === 'extractive' ? 'None: quotes only' : model.id],
      ...(model.digest === '' ? [] : [['File', `sha256 ${model.digest.slice(0, 16)}…`] as const]),
      ['Persona', record.persona],
      ...Object.entries(sampling).map(([name, value]) => [name, String(value)] as const),
      ['Tokens', `${usage.promptTokens} read, ${usage.completionTokens} written`],
      [
        'Time',
        `${durationWords(timings.totalMs)}, of which ${durationWords(timings.searchMs)} for the search`,
      ],
      ...record.verdicts.map(({ rule, action }) => [`Rule ${rule}`, action] as const),
    ]),
    el(
      'div',
      { class: 'stack-2' },
      el('p', { class: 'label' }, 'What it was given, in order'),
      ...record.prompt.map(({ origin, text }) =>
        el(
          'details',
          { class: 'plain' },
          el('summary', {}, icon('chevron-right', 'sm'), origin),
          el('pre', { class: 'command', tabindex: 0 }, text ?? 'This was forgotten.'),
        ),
      ),
    ),
  ]
}

function facts(rows: readonly (readonly [string, string])[]): HTMLElement {
  return el(
    'dl',
    { class: 'kv' },
    ...rows.flatMap(([name, words]) => [el('dt', {}, name), el('dd', {}, words)]),
  )
}
