import type { AppState } from '../api.ts'
import type { IconName } from '../icons.ts'
import { byId, el, hidden, icon, refill } from './dom.ts'
import { onConnection, onState } from './live.ts'
import { countWords } from './words.ts'

// One place on every page that says what is going on: what runs, what needs the person, what left this machine.

let state: AppState | undefined
let isOnline = true
let doing = ''

export function startNowBar(): void {
  onState((fresh) => {
    state = fresh
    show()
  })
  onConnection((online) => {
    isOnline = online
    show()
  })
}

/** What this page itself does for the person just now; empty: nothing. */
export function setDoing(words: string): void {
  doing = words
  show()
}

function show(): void {
  const [picture, words, more] = work()
  const clip = el('span', { class: 'clip' }, policyWords(), vaultWords(), el('b', {}, words), ` ${more}`)
  refill(byId('now-run'), icon(picture, 'sm'), clip)
  if (state !== undefined) showCounts(state)
}

/** Switching the policy off is the owner's right, and no page hides it. */
function policyWords(): HTMLElement | false {
  return state?.policyEnabled === false && el('b', {}, 'The safety rules are off. ')
}

function vaultWords(): HTMLElement | false {
  return state?.hasVault === false && el('b', {}, 'Nothing is kept: there is no vault. ')
}

function work(): readonly [picture: IconName, words: string, more: string] {
  if (!isOnline) return ['triangle-alert', 'The connection is lost.', 'It is tried again every few seconds.']
  if (doing !== '') return ['circle-play', doing, '']
  if (state === undefined) return ['clock', 'Looking at what runs.', '']
  const { running, queued } = state.cards
  const down = state.services.filter(({ state: now }) => now === 'failed' || now === 'backoff')
  if (down.length > 0) {
    const names = down.map(({ name }) => name).join(', ')
    return ['triangle-alert', `${names} ${down.length === 1 ? 'is' : 'are'} not running.`, 'See Status.']
  }
  if (running > 0) {
    const more = queued === 0 ? '' : `${queued} more in line.`
    return ['circle-play', `Working on ${countWords(running, 'card')}.`, more]
  }
  if (queued > 0) return ['clock', `${countWords(queued, 'card')} in line.`, '']
  const { model } = state
  const answers = model === null ? 'No model is installed. Answers are quotes.' : `Model: ${model.name}.`
  return ['circle-check', 'Ready.', `Nothing is running. ${answers}`]
}

function showCounts({ cards: { failed, needsYou }, outward }: AppState): void {
  const needs = needsYou === 1 ? '1 card needs you' : `${needsYou} cards need you`
  const calm = failed > 0 ? '' : 'Nothing needs you'
  refill(
    byId('now-need'),
    icon(needsYou > 0 ? 'hand' : failed > 0 ? 'triangle-alert' : 'check', 'sm'),
    el('b', {}, needsYou > 0 ? needs : calm),
    failed > 0 && `${countWords(failed, 'card')} failed`,
  )
  refill(
    byId('now-out'),
    icon('shield-check', 'sm'),
    'Requests that left this machine: ',
    el('b', { class: 'num' }, outward),
  )
  const count = needsYou + failed
  refill(byId('nav-need'), ...(count === 0 ? [] : [hidden(', '), count, hidden(' cards need you')]))
}
