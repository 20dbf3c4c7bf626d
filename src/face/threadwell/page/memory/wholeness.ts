import type { VerifyReply } from '../../api.ts'
import { openDialog, refusalNote } from '../dialog.ts'
import { el, icon, say } from '../dom.ts'
import { post } from '../http.ts'
import { countWords } from '../words.ts'

/** Reads the whole memory again, and says in words whether it is as it was written. */
export async function checkWholeness(button: HTMLButtonElement): Promise<void> {
  button.disabled = true
  say('Every record is read again.')
  try {
    const found = await post<VerifyReply>('/api/memory/verify', {})
    openDialog({
      title: 'Is my memory whole?',
      body: found.faults.length === 0 ? wholeWords(found) : faultWords(found),
    })
  } catch (error) {
    openDialog({ title: 'Is my memory whole?', body: [refusalNote(error)] })
  } finally {
    button.disabled = false
  }
}

function wholeWords({ turns, records, forgotten, days, head }: VerifyReply): HTMLElement[] {
  const gone =
    forgotten === 0 ? '' : ` ${countWords(forgotten, 'turn was', 'turns were')} forgotten, as you wished.`
  return [
    el('div', { class: 'note st-ok' }, icon('circle-check'), el('p', { class: 't' }, 'Yes. It is whole.')),
    el(
      'p',
      {},
      `${countWords(records, 'record')} on ${countWords(days, 'day')} were read again from the disk. None was changed, exchanged or taken out. ${countWords(turns, 'turn')} can be read.${gone}`,
    ),
    el(
      'details',
      { class: 'plain' },
      el('summary', {}, icon('chevron-right', 'sm'), 'The fingerprint of it all'),
      el(
        'div',
        { class: 'stack-2' },
        el(
          'p',
          { class: 'small' },
          'Keep it elsewhere, and you can tell later whether the newest part was cut off.',
        ),
        el('pre', { class: 'command', tabindex: 0 }, head),
      ),
    ),
  ]
}

function faultWords({ turns, faults }: VerifyReply): HTMLElement[] {
  return [
    el(
      'div',
      { class: 'note st-need' },
      icon('triangle-alert'),
      el('p', { class: 't' }, `Not quite. ${countWords(faults.length, 'record')} cannot be read.`),
      el(
        'p',
        { class: 'small' },
        `The other ${countWords(turns, 'turn')} can be read, and nothing of them was changed.`,
      ),
    ),
    el(
      'ul',
      { class: 'stack-2 small' },
      ...faults.map(({ day, message }) => el('li', {}, `${day} ${message}`.trim())),
    ),
  ]
}
