import type { ForgetChoice, RememberedTurn } from '#protocol'
import type { ForgetReply } from '../../api.ts'
import { openDialog, refusalNote } from '../dialog.ts'
import { el, icon, say } from '../dom.ts'
import { post } from '../http.ts'
import { countWords, dateWords, excerpt, listWords, timeWords } from '../words.ts'

const EXCERPTS = 5

/** Shows what would go, and lets it go once the person says so. Nothing changes before. */
export async function offerForgetting(
  choice: ForgetChoice,
  onDone: () => Promise<void> | void,
): Promise<void> {
  let preview: ForgetReply
  try {
    preview = await post<ForgetReply>('/api/memory/forget', { choice })
  } catch (error) {
    openDialog({ title: 'Forget', body: [refusalNote(error)] })
    return
  }
  if (preview.total === 0) {
    openDialog({ title: 'Forget', body: [el('p', {}, 'Nothing in the memory fits this.')] })
    return
  }
  const turns = countWords(preview.total, 'turn')
  const body = el('div', { class: 'stack' }, ...previewOf(preview))
  openDialog({
    title: `Forget ${turns}?`,
    body: [body],
    action: `Forget ${turns}, for good`,
    stays: true,
    async onAction() {
      const { total } = await post<ForgetReply>('/api/memory/forget', { choice, confirm: preview.confirm })
      const words = `${countWords(total, 'turn')} forgotten. Nobody can read ${total === 1 ? 'it' : 'them'} any more.`
      body.replaceChildren(
        el('div', { class: 'note st-ok' }, icon('circle-check'), el('p', { class: 't' }, words)),
      )
      say(words)
      await onDone()
    },
  })
}

function previewOf({ turns, total, cards }: ForgetReply): HTMLElement[] {
  const rest = total - Math.min(turns.length, EXCERPTS)
  const onCard = Object.keys(cards).length > 0
  return [
    el(
      'section',
      { class: 'dry', 'aria-label': 'Preview: what forgetting changes' },
      el('header', {}, icon('eye', 'sm'), 'Preview. Nothing has changed yet.'),
      el(
        'dl',
        {},
        fact(
          'Goes',
          `${countWords(total, 'turn')}${total > turns.length ? '' : ` ${placesOf(turns, cards)}`}, ${timeSpan(turns, total)}.`,
        ),
        fact(
          'Goes too',
          onCard
            ? 'How each answer came to be, your feedback on it, and what the cards show of it.'
            : 'How each answer came to be, and your feedback on it.',
        ),
        fact(
          'Stays',
          `Your documents, your settings, ${onCard ? 'what you wrote on the cards, ' : ''}and the turns around them.`,
        ),
        fact('Out of reach', 'Copies outside Runa: backups, exports, and what you copied yourself.'),
      ),
    ),
    el(
      'ul',
      { class: 'excerpts', 'aria-label': 'What would go' },
      ...turns.slice(0, EXCERPTS).map(excerptItem),
      rest > 0 && el('li', { class: 'quiet' }, `and ${countWords(rest, 'more turn', 'more turns')}`),
    ),
    el('p', { class: 'small' }, 'This cannot be undone.'),
  ]
}

function placesOf(turns: readonly RememberedTurn[], cards: ForgetReply['cards']): string {
  const threads = new Set(turns.map(({ thread }) => thread))
  const onCards = Object.keys(cards).length
  const chats = threads.size - onCards
  const words = [
    ...(chats > 0 ? [`in ${countWords(chats, 'chat')}`] : []),
    ...(onCards > 0 ? [`on ${countWords(onCards, 'card')}`] : []),
  ]
  return listWords(words)
}

function excerptItem({ at, utterances }: RememberedTurn): HTMLElement {
  return el('li', {}, el('small', {}, timeWords(at)), excerpt(utterances[0]?.text ?? '', 160))
}

function fact(name: string, words: string): HTMLElement {
  return el('div', {}, el('dt', {}, name), el('dd', {}, words))
}

/** One message may not hold all of them: they come oldest first, so the first day is known. */
function timeSpan(turns: readonly RememberedTurn[], total: number): string {
  const times = turns.map(({ at }) => at)
  const [first, last] = [dateWords(Math.min(...times)), dateWords(Math.max(...times))]
  if (total > turns.length) return `from ${inText(first)} on`
  return first === last ? inText(first) : `from ${inText(first)} to ${inText(last)}`
}

function inText(day: string): string {
  return day === 'Today' || day === 'Yesterday' ? day.toLowerCase() : day
}
