import type { Citation } from '#protocol'
import type { PassageReply } from '../api.ts'
import { refusalNote } from './dialog.ts'
import { all, el, icon, say } from './dom.ts'
import { get } from './http.ts'

/** What an answer may rest on: a citation, or a passage that was given to the model. */
export type Source = Pick<Citation, 'number' | 'topic' | 'document' | 'start' | 'end' | 'title' | 'text'>

/** Where the passages of answers are opened: a column beside them or, on a narrow page, in place. */
export interface SourcePanel {
  /** The button that stands in an answer for `[n]`. */
  cite(source: Source): HTMLElement
  /** Lists what an answer rests on, closed. */
  list(sources: readonly Source[]): void
}

/** As much of what stands around a passage as helps to judge it. */
const BEFORE_LETTERS = 240
const AFTER_LETTERS = 400
const FRONT_MATTER = /^---\n[\s\S]*?\n---\n\s*/

export function createSourcePanel(column: HTMLElement, none?: HTMLElement): SourcePanel {
  function take(sources: readonly Source[]): void {
    column.append(...sources.map((source) => closedSource(source)))
    if (none) none.hidden = column.children.length > 0
  }

  async function openBeside(source: Source, isByKey: boolean): Promise<void> {
    const find = () => column.querySelector<HTMLElement>(`[data-key="${CSS.escape(keyOf(source))}"]`)
    if (find() === null) take([source])
    const item = find()
    if (item === null) return
    await fill(item, source)
    item.scrollIntoView({ block: 'nearest' })
    if (isByKey) item.focus()
  }

  return {
    list(sources) {
      column.replaceChildren()
      take([...new Map(sources.map((source) => [keyOf(source), source])).values()])
    },
    cite(source) {
      const open = (event: Event) => {
        // A click without a place on the screen was made by a key.
        const isByKey = event instanceof MouseEvent && event.detail === 0
        if (column.offsetParent === null || isNarrow()) void openInPlace(source, button)
        else void openBeside(source, isByKey)
        for (const lit of all('.cite.on')) lit.classList.remove('on')
        button.classList.add('on')
      }
      const attributes = {
        class: 'cite',
        type: 'button',
        'aria-label': `Source ${source.number}`,
        click: open,
      }
      const button = el('button', attributes, source.number)
      return button
    },
  }
}

function closedSource(source: Source): HTMLElement {
  const open = el(
    'button',
    { class: 'src-open', type: 'button', click: () => void fill(item, source) },
    el('span', { class: 'clip' }, source.title || source.document),
    el('span', { class: 'vh' }, `: open source ${source.number}`),
  )
  const item = el(
    'li',
    { class: 'src', 'data-key': keyOf(source), tabindex: -1 },
    el('header', {}, numberSign(source), open),
    el('q', { class: 'src-short' }, source.text),
    el('small', {}, placeWords(source)),
  )
  return item
}

/** On a narrow page the passage opens under the sentence that names it; the same number closes it. */
async function openInPlace(source: Source, button: HTMLElement): Promise<void> {
  const block = button.closest('p, li, blockquote, td') ?? button
  const isWithin = block.tagName === 'LI' || block.tagName === 'TD'
  const there = isWithin ? block.lastElementChild : block.nextElementSibling
  if (there instanceof HTMLElement && there.dataset['key'] === keyOf(source)) {
    button.setAttribute('aria-expanded', 'false')
    there.remove()
    return
  }
  const title = el('span', { class: 'clip' }, source.title || source.document)
  const item = el(
    'div',
    { class: 'src in-place', 'data-key': keyOf(source) },
    el('header', {}, numberSign(source), title),
  )
  if (isWithin) block.append(item)
  else block.after(item)
  button.setAttribute('aria-expanded', 'true')
  await fill(item, source)
}

function numberSign(source: Source): HTMLElement {
  return el('span', { class: 'cite', 'aria-hidden': 'true' }, source.number)
}

function placeWords({ document: name, topic }: Source): string {
  return `${name} · ${topic}`
}

function isNarrow(): boolean {
  return matchMedia('(max-width: 46rem)').matches
}

function keyOf({ topic, document: name, start, end }: Source): string {
  return `${topic}/${name}/${start}/${end}`
}

/** Shows the passage with what stands around it, read from the document as it is now. */
async function fill(item: HTMLElement, source: Source): Promise<void> {
  for (const lit of all('.src.on')) lit.classList.remove('on')
  item.classList.add('on')
  const header = item.querySelector('header')
  const place = el('small', {}, placeWords(source))
  const show = (...parts: Node[]) => item.replaceChildren(...(header ? [header] : []), ...parts, place)
  const { topic, document: name, start, end } = source
  const query = new URLSearchParams({ topic, document: name, start: String(start), end: String(end) })
  try {
    const passage = await get<PassageReply>(`/api/passage?${query}`)
    show(passageElement(passage))
    if (passage.text !== source.text) {
      show(...changedNote(source), el('q', { class: 'passage' }, source.text))
    }
    say(`Source ${source.number} is open. ${source.title || source.document}.`)
  } catch (error) {
    show(el('q', { class: 'passage' }, el('mark', {}, source.text)), refusalNote(error))
  }
}

/** A passage, marked, with a little of what stands around it. */
export function passageElement({ before, text, after }: PassageReply): HTMLElement {
  return el(
    'q',
    { class: 'passage' },
    el('span', { class: 'around' }, fromWord(before)),
    el('mark', {}, text),
    el('span', { class: 'around' }, toWord(after)),
  )
}

function changedNote(source: Source): HTMLElement[] {
  const words = `“${source.title || source.document}” has changed since. This is what it said then:`
  return [el('div', { class: 'note' }, icon('info'), el('p', { class: 'small' }, words))]
}

/** Cut at a word, and without the fields that stand at the head of some documents. */
function fromWord(text: string): string {
  const body = text.replace(FRONT_MATTER, '')
  if (body.length <= BEFORE_LETTERS) return body
  const cut = body.slice(-BEFORE_LETTERS)
  return `…${cut.slice(Math.max(0, cut.search(/\s/)))}`
}

function toWord(text: string): string {
  if (text.length <= AFTER_LETTERS) return text
  const cut = text.slice(0, AFTER_LETTERS)
  return `${cut.slice(0, Math.max(0, cut.search(/\s\S*$/)))} …`
}
