import type { AppState } from '../api.ts'
import { all, byId, el, hidden, icon, say } from './dom.ts'
import { listen, onConnection, onState } from './live.ts'
import { areKeysOn, remember } from './preferences.ts'
import { takeDroppedFiles } from './upload.ts'
import { countWords } from './words.ts'

/** What every page has: navigation, the now bar, the view menu, and files that may be dropped anywhere. */
export function startShell(): void {
  watchView()
  takeDroppedFiles()
  onState(showState)
  onConnection(showConnection)
  listen()
}

function watchView(): void {
  const root = document.documentElement
  for (const input of all<HTMLInputElement>('#view input')) {
    const chosen = root.dataset[input.name]
    input.checked = input.type === 'radio' ? chosen === input.value : chosen === 'on'
    input.addEventListener('change', () => {
      const value = input.type === 'radio' ? input.value : input.checked ? 'on' : 'off'
      root.dataset[input.name] = value
      remember(input.name, value)
      root.classList.toggle('wa-dark', root.dataset['theme'] === 'dark')
      root.classList.toggle('wa-light', root.dataset['theme'] === 'light')
      if (input.name === 'keys')
        say(areKeysOn() ? 'Single-letter keys are on.' : 'Single-letter keys are off.')
    })
  }
}

function showState(state: AppState): void {
  const { running, queued, failed, needsYou } = state.cards
  const isWorking = running + queued > 0
  fill(
    'now-run',
    icon(isWorking ? 'circle-play' : 'circle-check', 'sm'),
    el('span', { class: 'clip' }, ...policyWords(state), ...workWords(state)),
  )
  fill(
    'now-need',
    icon(needsYou > 0 ? 'hand' : failed > 0 ? 'triangle-alert' : 'check', 'sm'),
    el('b', {}, needsYou > 0 ? needsWords(needsYou) : failed > 0 ? '' : 'Nothing needs you'),
    failed > 0 && `${countWords(failed, 'card')} failed`,
  )
  fill(
    'now-out',
    icon('shield-check', 'sm'),
    'Requests that left this machine: ',
    el('b', { class: 'num' }, state.outward),
  )
  const count = needsYou + failed
  fill('nav-need', ...(count === 0 ? [] : [hidden(', '), String(count), hidden(' cards need you')]))
  showBoards(state)
}

/** Switching the policy off is the owner's right, and no page hides it. */
function policyWords({ policyEnabled }: AppState): (Node | string)[] {
  return policyEnabled ? [] : [el('b', {}, 'The safety rules are off. ')]
}

function workWords(state: AppState): (Node | string)[] {
  const { running, queued } = state.cards
  const down = state.services.filter(({ state: now }) => now === 'failed' || now === 'backoff')
  if (down.length > 0) {
    const words = `${down.map(({ name }) => name).join(', ')} ${down.length === 1 ? 'is' : 'are'} not running.`
    return [el('b', {}, words), ' See Status.']
  }
  if (running > 0) return [el('b', {}, `Working on ${countWords(running, 'card')}.`), queuedWords(queued)]
  if (queued > 0) return [el('b', {}, `${countWords(queued, 'card')} in line.`)]
  const model =
    state.model === null ? 'No model is installed. Answers are quotes.' : `Model: ${state.model.name}.`
  return [el('b', {}, 'Ready.'), ` Nothing is running. ${model}`]
}

function queuedWords(queued: number): string {
  return queued === 0 ? '' : ` ${queued} more in line.`
}

function needsWords(count: number): string {
  return count === 1 ? '1 card needs you' : `${count} cards need you`
}

/** One board needs no choice of boards. */
function showBoards({ boards }: AppState): void {
  byId('nav-boards').hidden = boards.length < 2
  byId('boards').replaceChildren(
    ...boards.map(({ id, title }) => {
      const path = `/board/${id}`
      const isHere = location.pathname === path
      return el('a', { href: path, 'aria-current': isHere && 'page' }, icon('square-kanban'), title)
    }),
  )
}

function showConnection(isOnline: boolean): void {
  if (isOnline) return
  fill(
    'now-run',
    icon('triangle-alert', 'sm'),
    el(
      'span',
      { class: 'clip' },
      el('b', {}, 'The connection is lost.'),
      ' It is tried again every few seconds.',
    ),
  )
}

function fill(id: string, ...children: (Node | string | false)[]): void {
  byId(id).replaceChildren(...children.filter((child) => child !== false))
}
