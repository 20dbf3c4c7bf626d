import type { Explained } from '#protocol'
import type { PassageReply, RememberedTurnReply } from '../../api.ts'
import { refusalNote } from '../dialog.ts'
import { el, hidden } from '../dom.ts'
import { get } from '../http.ts'
import { passageElement } from '../sources.ts'
import { excerpt, timeWords } from '../words.ts'

/** Where it can be seen: in a document, or in what was said. */
type Evidence = Pick<Explained, 'place' | 'turn'>

/** A button that opens in place what something rests on. `about` tells it from the others to who hears the page. */
export function evidenceToggle(evidence: Evidence, about: string) {
  const shown = el('div', { class: 'shown-place', hidden: true })
  const verb = el('span', {}, 'Show it')
  const button = el(
    'button',
    { class: 'btn plain sm', type: 'button', 'aria-expanded': 'false' },
    verb,
    hidden(` ${excerpt(about, 60)}`),
  )
  button.addEventListener('click', async () => {
    const isOpening = shown.hidden
    button.setAttribute('aria-expanded', String(isOpening))
    verb.textContent = isOpening ? 'Hide it' : 'Show it'
    shown.hidden = !isOpening
    if (!isOpening || shown.children.length > 0) return
    try {
      shown.replaceChildren(...(await partsOf(evidence)))
    } catch (error) {
      shown.replaceChildren(refusalNote(error))
    }
  })
  return { button, shown }
}

async function partsOf({ place, turn }: Evidence): Promise<HTMLElement[]> {
  if (place !== undefined) return await passageParts(place)
  return turn === undefined ? [] : await turnParts(turn)
}

async function passageParts({ topic, document: name, start, end }: NonNullable<Evidence['place']>) {
  const query = new URLSearchParams({ topic, document: name, start: String(start), end: String(end) })
  const passage = await get<PassageReply>(`/api/passage?${query}`)
  return [passageElement(passage), el('p', { class: 'xs quiet' }, `${name} · ${topic}`)]
}

async function turnParts(id: string): Promise<HTMLElement[]> {
  const { turn } = await get<RememberedTurnReply>(`/api/memory/turns/${id}`)
  return [
    ...turn.utterances.map(({ speaker, text }) =>
      el('p', { class: 'passage' }, el('b', {}, speaker === 'you' ? 'You: ' : 'Runa: '), text),
    ),
    el(
      'p',
      { class: 'xs quiet' },
      `${timeWords(turn.at)} · `,
      el('a', { href: `/chat/${turn.thread}#${turn.id}` }, 'Open the chat'),
    ),
  ]
}
