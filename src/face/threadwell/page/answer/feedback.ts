import type { FeedbackReply, FeedbackRequest } from '../../api.ts'
import { areaField, openDialog, refusalNote } from '../dialog.ts'
import { el, icon, say } from '../dom.ts'
import { get, post } from '../http.ts'

const CORRECTION_LENGTH_MAX = 32_768

/** What a person thinks of an answer: two buttons, words for a correction, and what they said last. */
export interface FeedbackView {
  /** For a row of buttons. */
  readonly buttons: readonly HTMLElement[]
  /** What was said, in words; goes below the row. */
  readonly words: HTMLElement
  /** Asks what was said about it before. */
  load(): Promise<void>
}

type Feedback = FeedbackReply['feedback']

export function createFeedback(answer: string, known: Feedback = {}): FeedbackView {
  let feedback = known
  const words = el('div', { class: 'stack-2' })
  const up = verdictButton('up', () => void judge('up'))
  const down = verdictButton('down', () => void judge('down'))
  const correct = el(
    'button',
    { class: 'btn plain sm', type: 'button', click: () => openCorrection(feedback.correction ?? '', send) },
    icon('pencil', 'sm'),
    el('span', {}, 'Correct it'),
  )

  function show(): void {
    up.setAttribute('aria-pressed', String(feedback.verdict === 'up'))
    down.setAttribute('aria-pressed', String(feedback.verdict === 'down'))
    const { correction } = feedback
    correct
      .querySelector('span')
      ?.replaceChildren(correction === undefined ? 'Correct it' : 'Change the correction')
    words.replaceChildren(...(correction === undefined ? [] : [correctionNote(correction)]))
  }

  async function send(given: FeedbackRequest): Promise<void> {
    const reply = await post<FeedbackReply>(`/api/answers/${answer}/feedback`, given)
    feedback = reply.feedback
    show()
  }

  /** The same button again takes it back. */
  async function judge(verdict: 'up' | 'down'): Promise<void> {
    const isSame = feedback.verdict === verdict
    try {
      await send({ verdict: isSame ? null : verdict })
      say(isSame ? 'Taken back.' : verdict === 'up' ? 'Kept: helpful.' : 'Kept: not helpful.')
    } catch (error) {
      words.replaceChildren(refusalNote(error))
    }
  }

  show()
  return {
    buttons: [up, down, correct],
    words,
    async load() {
      const reply = await get<FeedbackReply>(`/api/answers/${answer}/feedback`).catch(() => undefined)
      feedback = reply?.feedback ?? {}
      show()
    },
  }
}

function openCorrection(before: string, send: (given: FeedbackRequest) => Promise<void>): void {
  const field = areaField('What would have been right?', before, {
    rows: 5,
    required: before === '',
    maxlength: CORRECTION_LENGTH_MAX,
  })
  openDialog({
    title: 'Correct this answer',
    body: [
      field.element,
      el(
        'p',
        { class: 'small muted' },
        `It is kept beside the answer in your memory, sealed, and is forgotten with it.${before === '' ? '' : ' An empty field takes it back.'}`,
      ),
    ],
    action: 'Keep the correction',
    isDirty: () => field.input.value.trim() !== before,
    async onAction() {
      const correction = field.input.value.trim()
      await send({ correction: correction === '' ? null : correction })
      say(correction === '' ? 'The correction is taken back.' : 'The correction is kept.')
    },
  })
}

function verdictButton(verdict: 'up' | 'down', click: () => void): HTMLElement {
  const [picture, words] =
    verdict === 'up' ? (['thumbs-up', 'Helpful'] as const) : (['thumbs-down', 'Not helpful'] as const)
  return el(
    'button',
    { class: 'btn plain sm', type: 'button', 'aria-pressed': 'false', click },
    icon(picture, 'sm'),
    words,
  )
}

function correctionNote(correction: string): HTMLElement {
  return el(
    'div',
    { class: 'note calm' },
    icon('pencil'),
    el('p', { class: 'small' }, el('b', {}, 'What would have been right: '), correction),
  )
}
