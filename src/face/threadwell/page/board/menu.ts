import type { IconName } from '../../icons.ts'
import { all, byId, el, icon } from '../dom.ts'

export interface MenuItem {
  readonly words: string
  readonly icon: IconName
  readonly run: () => void
}

const EDGE_PX = 8

/** One menu for the whole page, opened beside what it belongs to. Arrow keys walk it, Escape closes it. */
export function openMenu(beside: HTMLElement, label: string, items: readonly MenuItem[]): void {
  const menu = byId('menu')
  menu.setAttribute('aria-label', label)
  menu.replaceChildren(
    ...items.map(({ words, icon: name, run }) => {
      const choose = () => {
        menu.hidePopover()
        run()
      }
      return el(
        'button',
        { class: 'btn plain', type: 'button', role: 'menuitem', click: choose },
        icon(name, 'sm'),
        words,
      )
    }),
  )
  menu.onkeydown = walk
  menu.showPopover()
  place(menu, beside.getBoundingClientRect())
  all('button', menu)[0]?.focus()
}

function place(menu: HTMLElement, beside: DOMRect): void {
  const { offsetWidth, offsetHeight } = menu
  const below = beside.bottom + 4
  const top = below + offsetHeight > innerHeight - EDGE_PX ? beside.top - offsetHeight - 4 : below
  menu.style.inset = 'auto'
  menu.style.top = `${Math.max(EDGE_PX, top)}px`
  menu.style.left = `${Math.max(EDGE_PX, Math.min(beside.left, innerWidth - offsetWidth - EDGE_PX))}px`
}

function walk(event: KeyboardEvent): void {
  const items = all('button', byId('menu'))
  const at = items.indexOf(document.activeElement as HTMLElement)
  const targets: Readonly<Record<string, number>> = {
    ArrowDown: (at + 1) % items.length,
    ArrowUp: (at - 1 + items.length) % items.length,
    Home: 0,
    End: items.length - 1,
  }
  const target = targets[event.key]
  if (event.key === 'Tab') byId('menu').hidePopover()
  if (target === undefined) return
  event.preventDefault()
  items[target]?.focus()
}
