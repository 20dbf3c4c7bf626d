import type { Difference } from '#protocol'
import type { ReplayReply } from '../../api.ts'
import { el, icon } from '../dom.ts'

/** What came of making an answer once more, in words. */
export function replayResult({
  same,
  ran,
  summary,
  text,
  firstDifferenceAt,
  differences,
}: ReplayReply): HTMLElement[] {
  const [look, picture] = same ? (['st-ok', 'circle-check'] as const) : (['st-need', 'circle-alert'] as const)
  const ofReplay = differences.filter(({ concerns }) => concerns === 'replay')
  const ofAsking = differences.filter(({ concerns }) => concerns === 'asking-again')
  return [
    el(
      'div',
      { class: `note ${look}`, 'data-same': String(same) },
      icon(picture),
      el('p', { class: 't' }, summary),
    ),
    ...list('What has changed since', ofReplay),
    ...list('Who asks today would be told something else', ofAsking),
    ...(ran && !same ? [otherText(text, firstDifferenceAt ?? 0)] : []),
  ]
}

function list(title: string, differences: readonly Difference[]): HTMLElement[] {
  if (differences.length === 0) return []
  const items = differences.map(({ sentence }) => el('li', {}, sentence))
  return [el('p', { class: 'label' }, title), el('ul', { class: 'stack-2 small' }, ...items)]
}

/** What is the same to the first difference is quiet; from there on it is marked. */
function otherText(text: string, from: number): HTMLElement {
  return el(
    'details',
    { class: 'plain' },
    el('summary', {}, icon('chevron-right', 'sm'), 'What it said this time'),
    el(
      'p',
      { class: 'passage small' },
      el('span', { class: 'around' }, text.slice(0, from)),
      el('mark', {}, text.slice(from)),
    ),
  )
}
