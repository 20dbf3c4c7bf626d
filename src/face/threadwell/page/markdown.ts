import { el } from './dom.ts'
import { Marked } from './vendor/marked.js'
import DOMPurify from './vendor/purify.js'

// What a model writes is a stranger's text. Two walls: only these elements, and a policy that runs no script.
const TAGS = ['p', 'br', 'strong', 'em', 'del', 'code', 'pre', 'ul', 'ol', 'li', 'blockquote', 'hr', 'a']
const TABLE_TAGS = ['table', 'thead', 'tbody', 'tr', 'th', 'td']
const ALLOWED = {
  ALLOWED_TAGS: [...TAGS, ...TABLE_TAGS],
  ALLOWED_ATTR: ['href', 'start'],
  ALLOWED_URI_REGEXP: /^(?:https?|mailto):/i,
  ALLOW_DATA_ATTR: false,
  ALLOW_ARIA_ATTR: false,
  RETURN_DOM_FRAGMENT: true as const,
}

const marked = new Marked({
  gfm: true,
  renderer: {
    // Raw HTML is shown, not obeyed; a picture would be a request to somebody else's machine.
    html: ({ text }) => asText(text),
    image: ({ text }) => asText(text),
    heading({ tokens }) {
      return `<p><strong>${this.parser.parseInline(tokens)}</strong></p>`
    },
    checkbox: ({ checked }) => (checked ? '[x] ' : '[ ] '),
  },
})

function asText(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}

/** Makes the button of a citation, or undefined where no passage has that number. */
export type CiteMaker = (number: number) => HTMLElement | undefined

function renderBlock(source: string, cite: CiteMaker): Node[] {
  const fragment = DOMPurify.sanitize(marked.parse(source, { async: false }), ALLOWED)
  for (const link of fragment.querySelectorAll('a')) showAddress(link)
  for (const table of fragment.querySelectorAll('table')) {
    const box = el('div', { class: 'tscroll', tabindex: 0, role: 'region', 'aria-label': 'Table' })
    table.replaceWith(box)
    box.append(table)
    table.className = 'table'
  }
  for (const code of fragment.querySelectorAll('pre')) code.tabIndex = 0
  placeCitations(fragment, cite)
  return [...fragment.childNodes]
}

/** A person sees where a link leads before following it, and the page it leads to does not learn from where. */
function showAddress(link: HTMLAnchorElement): void {
  const address = link.getAttribute('href')
  if (address === null) {
    link.replaceWith(...link.childNodes)
    return
  }
  link.rel = 'noreferrer noopener'
  link.target = '_blank'
  if (link.textContent !== address) link.append(el('span', { class: 'address' }, ` (${address})`))
}

const MARKER = /\[(\d{1,3}(?:\s*[,;]\s*\d{1,3})*)\]/g

/** Turns `[1]` and `[1, 2]` into buttons, but not in code. */
function placeCitations(root: DocumentFragment, cite: CiteMaker): void {
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT)
  const texts: Text[] = []
  while (walker.nextNode()) texts.push(walker.currentNode as Text)
  for (const text of texts) {
    if (text.parentElement?.closest('code, pre, a')) continue
    const pieces = citePieces(text.data, cite)
    if (pieces.length > 1) text.replaceWith(...pieces)
  }
}

function citePieces(text: string, cite: CiteMaker): (string | HTMLElement)[] {
  const pieces: (string | HTMLElement)[] = []
  let from = 0
  for (const match of text.matchAll(MARKER)) {
    const buttons = (match[1] ?? '').split(/[,;]/).map((number) => cite(Number(number)))
    if (!buttons.every((button) => button !== undefined)) continue
    pieces.push(text.slice(from, match.index), ...buttons)
    from = match.index + match[0].length
  }
  return [...pieces, text.slice(from)]
}

export interface MarkdownView {
  /** Shows a text; blocks that did not change stay as they are, so nothing flickers and a selection survives. */
  show(text: string): void
}

export function createMarkdownView(parent: HTMLElement, cite: CiteMaker): MarkdownView {
  let blocks: { readonly source: string; readonly nodes: readonly Node[] }[] = []
  return {
    show(text) {
      const sources = marked.lexer(text).map(({ raw }) => raw)
      const same = sources.findIndex((source, at) => blocks[at]?.source !== source)
      const kept = same === -1 ? sources.length : same
      for (const { nodes } of blocks.slice(kept)) for (const node of nodes) parent.removeChild(node)
      blocks = blocks.slice(0, kept)
      for (const source of sources.slice(kept)) {
        const nodes = renderBlock(source, cite)
        parent.append(...nodes)
        blocks.push({ source, nodes })
      }
    },
  }
}
