import type { Comment } from '../../api.ts'
import { createFeedback } from '../answer/feedback.ts'
import { whyButton } from '../answer/why.ts'
import { el, icon } from '../dom.ts'
import { createMarkdownView } from '../markdown.ts'
import type { SourcePanel } from '../sources.ts'
import { timeWords } from '../words.ts'

/** The comments of a card, the assistant's results among them, and a field for another one. */
export function createComments(sources: SourcePanel, add: (text: string) => Promise<boolean>) {
  const list = el('ul', { class: 'stack' })
  const field = el('textarea', {
    class: 'area',
    rows: 2,
    id: 'comment',
    maxlength: 20_000,
    placeholder: 'Write a comment',
  })
  const shown = new Map<string, { readonly content: string; readonly item: HTMLElement }>()

  async function send(): Promise<void> {
    const text = field.value.trim()
    if (text !== '' && (await add(text))) field.value = ''
  }

  const element = el(
    'section',
    { class: 'sect', 'aria-labelledby': 'h-comments' },
    el('h3', { id: 'h-comments' }, 'Comments'),
    list,
    el('label', { class: 'label', for: 'comment' }, 'Add a comment'),
    field,
    el('div', {}, el('button', { class: 'btn sm', type: 'button', click: () => void send() }, 'Add comment')),
  )
  return {
    element,
    isDirty: () => field.value.trim() !== '',
    /** What is the same stays, also an opened passage in it. An answer that was forgotten meanwhile is replaced. */
    show(comments: readonly Comment[]): void {
      for (const comment of comments) {
        const content = JSON.stringify(comment)
        const before = shown.get(comment.id)
        if (before?.content === content) continue
        const item = commentItem(comment, sources)
        if (before) before.item.replaceWith(item)
        else list.append(item)
        shown.set(comment.id, { content, item })
        if (comment.citations.length > 0) sources.list(comment.citations)
      }
    },
  }
}

function commentItem(comment: Comment, sources: SourcePanel): HTMLElement {
  const isAssistant = comment.author === 'assistant'
  const text = el('div', { class: 'text' })
  const cite = (number: number) => {
    const citation = comment.citations.find((found) => found.number === number)
    return citation && sources.cite(citation)
  }
  if (comment.missing !== null) text.append(el('p', { class: 'quiet' }, comment.text))
  else if (isAssistant) createMarkdownView(text, cite).show(comment.text)
  else text.append(...comment.text.split('\n').map((line) => el('p', {}, line)))
  return el(
    'li',
    { class: 'comment' },
    el(
      'span',
      { class: isAssistant ? 'avatar ai' : 'avatar', 'aria-hidden': 'true' },
      icon(isAssistant ? 'bot' : 'user'),
    ),
    el('header', {}, el('b', {}, isAssistant ? 'Assistant' : 'You'), el('time', {}, timeWords(comment.at))),
    text,
    ...(comment.answer !== null && comment.missing === null ? answerParts(comment.answer) : []),
  )
}

function answerParts(answer: string): HTMLElement[] {
  const feedback = createFeedback(answer)
  void feedback.load()
  return [
    el('div', { class: 'acts-row' }, whyButton(answer), el('span', { class: 'sep' }), ...feedback.buttons),
    feedback.words,
  ]
}
