import type { LedgerReply } from '../api.ts'
import { refusalNote } from './dialog.ts'
import { byId, el, icon } from './dom.ts'
import { get } from './http.ts'
import { countWords, timeWords } from './words.ts'

/** Every request that left this machine, newest first; none is the usual case. */
export async function showLedger(): Promise<void> {
  const place = byId('ledger')
  try {
    const { total, requests, carried } = await get<LedgerReply>('/api/ledger')
    const words = `${total === 1 ? 'request' : 'requests'} left this machine since Runa was set up`
    place.replaceChildren(
      el(
        'div',
        { class: 'row led' },
        el('span', { class: 'zero' }, total),
        el('span', { class: 'small muted' }, words),
      ),
      el(
        'p',
        { class: 'small muted' },
        'Only a model on another computer can make one, and only if you add it.',
      ),
      ...carried.map(({ topic, servers, sent }) =>
        el(
          'p',
          { class: 'small' },
          `The topic ${topic} is carried to ${servers.join(', ')}, as runa.yaml says: ${sent} ${sent === 1 ? 'message' : 'messages'} since it started.`,
        ),
      ),
    )
    if (requests.length > 0) place.append(el('hr'), requestList(requests), restWords(total - requests.length))
  } catch (error) {
    place.replaceChildren(refusalNote(error, () => void showLedger()))
  }
}

function requestList(requests: LedgerReply['requests']): HTMLElement {
  const items = requests.map(({ at, host, purpose }) =>
    el(
      'li',
      { class: 'row' },
      icon('arrow-right', 'sm'),
      el('span', {}, `${timeWords(at)} to ${host}: ${purpose}`),
    ),
  )
  return el('ul', { class: 'stack-2 small' }, ...items)
}

function restWords(rest: number): HTMLElement {
  return el('p', { class: 'xs quiet' }, rest > 0 ? `And ${countWords(rest, 'earlier request')}.` : '')
}
