import type { Thread } from '#protocol'
import type { ThreadsReply } from '../../api.ts'
import { openDialog } from '../dialog.ts'
import { byId, el } from '../dom.ts'
import { get, remove } from '../http.ts'
import { onThreads } from '../live.ts'
import { countWords, dayWords } from '../words.ts'

/** The list of earlier chats, in groups of days. It follows what other tabs do. */
export function showThreads(current: () => string | undefined): void {
  const show = async () => {
    const { threads, faults } = await get<ThreadsReply>('/api/threads').catch(() => ({
      threads: [],
      faults: [],
    }))
    const place = byId('threads')
    const focused = document.activeElement?.getAttribute('href')
    const notes = faults.map(({ file, message }) =>
      el('p', { class: 'small quiet day' }, `${file} ${message}`.trim()),
    )
    place.replaceChildren(...notes, ...threadItems(threads, current()))
    if (focused) place.querySelector<HTMLElement>(`a[href="${CSS.escape(focused)}"]`)?.focus()
  }
  onThreads(() => void show())
  void show()
}

function threadItems(threads: readonly Thread[], current: string | undefined): HTMLElement[] {
  if (threads.length === 0) return [el('p', { class: 'small quiet day' }, 'None yet.')]
  const newestFirst = [...threads].sort((a, b) => b.updatedAt - a.updatedAt)
  let day = ''
  return newestFirst.flatMap(({ id, title, turns, updatedAt, offTheRecord }) => {
    const isNew = dayWords(updatedAt) !== day
    day = dayWords(updatedAt)
    const link = el(
      'a',
      { class: 'conv', href: `/chat/${id}`, 'aria-current': id === current && 'true' },
      title,
      el('small', {}, `${offTheRecord ? 'Off the record, ' : ''}${countWords(turns, 'turn')}`),
    )
    return isNew ? [el('p', { class: 'day' }, day), link] : [link]
  })
}

/** What goes is shown before it goes. */
export function offerRemoval({ id, title, turns }: Pick<Thread, 'id' | 'title' | 'turns'>): void {
  openDialog({
    title: 'Remove this chat?',
    body: [
      el(
        'p',
        {},
        `“${title}” with ${countWords(turns, 'question')} and the answers to them are forgotten, for good.`,
      ),
      el(
        'p',
        { class: 'small muted' },
        'Their keys are destroyed, so that nobody can read them any more. This cannot be undone. Your documents stay.',
      ),
    ],
    action: 'Remove this chat',
    async onAction() {
      await remove(`/api/threads/${id}`)
      location.assign('/chat')
    },
  })
}
