import type { RememberedThread } from '#protocol'
import { openDialog } from '../dialog.ts'
import { byId, el, say } from '../dom.ts'
import { post } from '../http.ts'
import { countWords } from '../words.ts'

/** Chats that nothing keeps, as long as they are open. */
export function showOffTheRecord(threads: readonly RememberedThread[], onClosed: () => void): void {
  const open = threads.filter(({ offTheRecord }) => offTheRecord)
  byId('off-panel').hidden = open.length === 0
  byId('off').replaceChildren(
    ...open.map((thread) =>
      el(
        'li',
        { class: 'off-item' },
        el('a', { href: `/chat/${thread.id}` }, thread.title),
        el('small', {}, countWords(thread.turns, 'turn')),
        el(
          'button',
          { class: 'btn sm', type: 'button', click: () => offerClosing(thread, onClosed) },
          'Close',
          el('span', { class: 'vh' }, ` “${thread.title}”`),
        ),
      ),
    ),
  )
}

/** Closing is for good, so it is said before what it means. */
export function offerClosing(
  { id, turns }: Pick<RememberedThread, 'id' | 'turns'>,
  onClosed: () => void,
): void {
  openDialog({
    title: 'Close this chat?',
    body: [
      el(
        'p',
        {},
        `It is off the record. Its ${countWords(turns, 'turn')} go at once, and nothing is left of them.`,
      ),
      el('p', { class: 'small muted' }, 'This cannot be undone.'),
    ],
    action: 'Close and leave nothing',
    async onAction() {
      await post(`/api/threads/${id}/close`, {})
      say('The chat is closed. Nothing of it is left.')
      onClosed()
    },
  })
}
