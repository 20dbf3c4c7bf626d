import type { IconName } from '../icons.ts'

type Child = Node | string | number | null | undefined | false
type Listener = (event: Event) => void
type Attributes = Readonly<Record<string, string | number | boolean | null | undefined | Listener>>

/**
 * An element with attributes and children. A function is a listener for the event of that name; `true` an empty
 * attribute; null, undefined and `false` none. Strings become text, never markup.
 */
export function el<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Name] {
  const element = document.createElement(name)
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === 'function') element.addEventListener(key, value)
    else if (value === true) element.setAttribute(key, '')
    else if (value !== null && value !== undefined && value !== false)
      element.setAttribute(key, String(value))
  }
  element.append(...children.filter(isThere).map((child) => (child instanceof Node ? child : String(child))))
  return element
}

/**
 * Replaces what an element holds. Where something in it had the focus, what took its place has it now: the one with
 * the same last class.
 */
export function refill(parent: HTMLElement, ...children: readonly Child[]): void {
  const focused = parent.contains(document.activeElement) ? document.activeElement : null
  parent.replaceChildren(
    ...children.filter(isThere).map((child) => (child instanceof Node ? child : String(child))),
  )
  const name = focused?.classList.item(focused.classList.length - 1)
  if (name) parent.querySelector<HTMLElement>(`.${CSS.escape(name)}`)?.focus()
}

function isThere(child: Child): child is Node | string | number {
  return child !== null && child !== undefined && child !== false
}

const SVG = 'http://www.w3.org/2000/svg'
const SPRITE = new URL('../icons.svg', import.meta.url).pathname

/** Decorative: a word always stands beside it. */
export function icon(name: IconName, size: 'sm' | '' = ''): SVGSVGElement {
  const svg = document.createElementNS(SVG, 'svg')
  svg.setAttribute('class', size === '' ? 'i' : `i ${size}`)
  svg.setAttribute('aria-hidden', 'true')
  const use = document.createElementNS(SVG, 'use')
  use.setAttribute('href', `${SPRITE}#${name}`)
  svg.append(use)
  return svg
}

/** The one element that a page must have: its absence is a fault of ours. */
export function byId<Type extends HTMLElement = HTMLElement>(id: string): Type {
  const element = document.getElementById(id)
  if (element === null) throw new Error(`the page has no element '${id}'`)
  return element as Type
}

export function all<Type extends HTMLElement = HTMLElement>(
  selector: string,
  root: ParentNode = document,
): Type[] {
  return [...root.querySelectorAll<Type>(selector)]
}

/** Text for people who hear the page. */
export function hidden(text: string): HTMLElement {
  return el('span', { class: 'vh' }, text)
}

/** Reads a text aloud, politely. The same text twice is read twice. */
export function say(text: string): void {
  const live = byId('live')
  live.textContent = ''
  requestAnimationFrame(() => {
    live.textContent = text
  })
}

/** Whether the person is writing something there, so that keys are letters. */
export function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof Element &&
    target.closest('input, textarea, select, wa-select, [contenteditable]') !== null
  )
}
