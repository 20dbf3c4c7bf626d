import type { Turn } from '#protocol'
import type { TurnLine } from '../../api.ts'
import { refusalNote } from '../dialog.ts'
import { el, icon, say } from '../dom.ts'
import { isAbort, lines } from '../http.ts'
import { countSentences, shownLength } from '../sentences.ts'
import { countWords } from '../words.ts'
import type { Asked } from './options.ts'
import type { AnswerView } from './turn-view.ts'

export interface Question extends Asked {
  readonly question: string
  readonly thread?: string
  readonly offTheRecord: boolean
}

export interface Answering {
  /** With the id of the answer, where it came to its end. */
  readonly done: Promise<string | undefined>
  stop(): void
}

/** Asks, and shows the answer as it grows, by sentences. It never rejects: what goes wrong is shown in its place. */
export function startAnswer(
  question: Question,
  view: AnswerView,
  onStart: (answer: string, thread: string | null) => void,
  onRetry: () => void,
): Answering {
  const stopping = new AbortController()
  const words = el('span', {}, 'Looking in your documents.')
  const stop = () => {
    stopping.abort()
    // The button goes with the answer; a person goes on in the field.
    document.getElementById('message')?.focus()
  }
  view.note(workingLine(words, stop))

  async function read(): Promise<string | undefined> {
    let text = ''
    let end: Turn | undefined
    const body = JSON.stringify(question)
    const headers = { 'content-type': 'application/json' }
    try {
      for await (const line of lines<TurnLine>('/api/turns', { body, headers, signal: stopping.signal })) {
        if (line.kind === 'start') onStart(line.answer, line.thread)
        if (line.kind === 'passages') view.know(line.passages)
        if (line.kind === 'text') {
          text += line.text
          const shown = text.slice(0, shownLength(text))
          view.show(shown)
          words.textContent = `Writing. ${countWords(countSentences(shown), 'sentence')} so far.`
        }
        if (line.kind === 'end') end = line.turn
      }
      if (end !== undefined) finish(view, end)
    } catch (error) {
      view.element.removeAttribute('aria-busy')
      view.show(text)
      if (isAbort(error)) stopped(view)
      else failed(view, error, onRetry)
    }
    return end?.id
  }

  return { done: read(), stop: () => stopping.abort() }
}

function workingLine(words: HTMLElement, stop: () => void): HTMLElement {
  return el(
    'div',
    { class: 'row wrap' },
    el('span', { class: 'writing' }, icon('circle-play', 'sm'), words),
    el(
      'button',
      { class: 'btn sm', type: 'button', id: 'stop', click: stop },
      icon('square', 'sm'),
      'Stop ',
      el('kbd', { class: 'only-busy', 'aria-hidden': 'true' }, 'Esc'),
    ),
  )
}

function finish(view: AnswerView, turn: Turn): void {
  view.finish(turn)
  const sources = turn.citations.length === 0 ? '' : ` ${countWords(turn.citations.length, 'source')}.`
  say(`The answer is finished. ${countWords(countSentences(turn.answer), 'sentence')}.${sources}`)
}

function stopped(view: AnswerView): void {
  const words = 'Stopped by you. What was written so far stays here.'
  view.note(el('div', { class: 'note calm' }, icon('info'), el('p', { class: 'small' }, words)))
  say(words)
}

function failed(view: AnswerView, error: unknown, onRetry: () => void): void {
  const note = refusalNote(error, onRetry)
  view.note(note)
  say(note.textContent ?? '')
}
