import type { MemoryStateReply } from '../../api.ts'
import { byId, el, icon } from '../dom.ts'
import { get } from '../http.ts'

/** Says what keeps the memory from being what a person would expect of it. Resolves with whether it keeps anything. */
export async function showMemoryState(): Promise<boolean> {
  const state = await get<MemoryStateReply>('/api/memory/state').catch(() => undefined)
  if (state === undefined) return true
  const notes = [
    ...(state.kept
      ? []
      : [
          [
            'Nothing is kept.',
            'Runa runs without its vault, so that every chat is off the record. See Settings.',
          ] as const,
        ]),
    ...(state.full
      ? [['The memory is full.', 'What you say is not kept any more. Forget something first.'] as const]
      : []),
    ...state.faults.map(
      ({ day, message }) => [`Something is amiss${day === '' ? '' : ` on ${day}`}.`, message] as const,
    ),
  ]
  byId('state').replaceChildren(
    ...notes.map(([title, words]) =>
      el(
        'div',
        { class: 'note st-need' },
        icon('triangle-alert'),
        el('p', { class: 't' }, title),
        el('p', { class: 'small' }, words),
      ),
    ),
  )
  return state.kept
}
