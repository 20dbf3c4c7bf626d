import type { AppState } from '../api.ts'
import { all, byId, el, icon, say } from './dom.ts'
import { listen, onState } from './live.ts'
import { startNowBar } from './now-bar.ts'
import { areKeysOn, remember } from './preferences.ts'
import { takeDroppedFiles } from './upload.ts'

/** What every page has: navigation, the now bar, the view menu, and files that may be dropped anywhere. */
export function startShell(): void {
  watchView()
  takeDroppedFiles()
  startNowBar()
  onState(showBoards)
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
