import type { Explained } from '#protocol'
import type { ReplayReply, WhyReply } from '../../api.ts'
import { openDialog, refusalNote } from '../dialog.ts'
import { el, icon, say } from '../dom.ts'
import { get, isAbort, post } from '../http.ts'
import { countWords } from '../words.ts'
import { evidenceToggle } from './evidence.ts'
import { recordDetails } from './record.ts'
import { replayResult } from './replay.ts'

const SENTENCES_SHOWN = 6

/** The button that stands beside every answer, and what it opens. */
export function whyButton(answer: string): HTMLElement {
  return el(
    'button',
    { class: 'btn plain sm', type: 'button', click: () => void openWhy(answer) },
    icon('info', 'sm'),
    'Why this answer?',
  )
}

/** Why an answer is as it is, in plain words; what it rests on opens in place. */
async function openWhy(answer: string): Promise<void> {
  const groups = await get<WhyReply>(`/api/answers/${answer}/why`).then(
    (why) => why.groups.map(({ title, sentences }) => section(title, ...sentenceLists(sentences))),
    (error: unknown) => [refusalNote(error)],
  )
  const closing = new AbortController()
  openDialog({
    title: 'Why this answer?',
    width: 'wide',
    body: [
      el('div', { class: 'stack-5' }, ...groups, againSection(answer, closing.signal), recordDetails(answer)),
    ],
    onClose: () => closing.abort(),
  })
}

function section(title: string, ...content: readonly HTMLElement[]): HTMLElement {
  return el('section', { class: 'sect' }, el('h3', {}, title), ...content)
}

/** What comes first matters most; a long rest is folded. */
function sentenceLists(sentences: readonly Explained[]): HTMLElement[] {
  const list = (some: readonly Explained[]) =>
    el('ul', { class: 'stack-2 small' }, ...some.map((sentence) => sentenceItem(sentence)))
  const rest = sentences.slice(SENTENCES_SHOWN)
  if (rest.length < 2) return [list(sentences)]
  const summary = el(
    'summary',
    {},
    icon('chevron-right', 'sm'),
    `And ${countWords(rest.length, 'more sentence', 'more sentences')}`,
  )
  return [list(sentences.slice(0, SENTENCES_SHOWN)), el('details', { class: 'plain' }, summary, list(rest))]
}

function sentenceItem({ text, place, turn }: Explained): HTMLElement {
  if (place === undefined && turn === undefined) return el('li', {}, text)
  const { button, shown } = evidenceToggle({ place, turn }, text)
  return el('li', {}, el('div', { class: 'row wrap' }, el('span', {}, text), button), shown)
}

/** The same question with the same dice: nothing of it is kept. Who closes the dialog stops it. */
function againSection(answer: string, signal: AbortSignal): HTMLElement {
  const result = el('div', { class: 'stack' })
  const button = el('button', { class: 'btn sm', type: 'button' }, icon('rotate-ccw', 'sm'), 'Run it again')
  button.addEventListener('click', async () => {
    button.disabled = true
    result.replaceChildren(
      el('p', { class: 'small muted' }, 'The answer is made once more. This takes about as long as before.'),
    )
    try {
      const replay = await post<ReplayReply>(`/api/answers/${answer}/replay`, {}, signal)
      result.replaceChildren(...replayResult(replay))
      say(replay.summary)
    } catch (error) {
      if (!isAbort(error)) result.replaceChildren(refusalNote(error))
    }
    button.disabled = false
  })
  const words =
    'From the same words and with the same dice, to see whether it comes out the same. Nothing of it is kept.'
  return section('Can it be made again?', el('p', { class: 'small' }, words), el('div', {}, button), result)
}
