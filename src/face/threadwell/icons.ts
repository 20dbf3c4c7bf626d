import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Names of Lucide's, in one file of symbols, so that a page asks for one file instead of forty. */
export const ICONS = [
  'activity',
  'arrow-left',
  'arrow-right',
  'book-open',
  'bot',
  'check',
  'chevron-down',
  'chevron-right',
  'circle-alert',
  'circle-check',
  'circle-pause',
  'circle-play',
  'circle-x',
  'clock',
  'copy',
  'download',
  'ellipsis',
  'external-link',
  'eye',
  'eye-off',
  'file-text',
  'folder',
  'hand',
  'history',
  'info',
  'keyboard',
  'list-plus',
  'lock',
  'lock-open',
  'message-circle',
  'message-square',
  'package-plus',
  'pencil',
  'plus',
  'rotate-ccw',
  'search',
  'send',
  'settings',
  'settings-2',
  'shield',
  'shield-check',
  'sliders-horizontal',
  'square',
  'square-kanban',
  'thumbs-down',
  'thumbs-up',
  'trash-2',
  'triangle-alert',
  'undo-2',
  'upload',
  'user',
  'x',
] as const

export type IconName = (typeof ICONS)[number]

const LINES = 'fill="none" stroke="currentColor" stroke-linecap="round" stroke-linejoin="round"'

/** Each icon as a symbol of its name. How wide the lines are is left to the page. */
export function iconSprite(lucideFolder: string, names: readonly string[]): string {
  const symbols = names.map((name) => {
    const text = readFileSync(join(lucideFolder, 'icons', `${name}.svg`), 'utf8')
    const shapes = /<svg[^>]*>([\s\S]*)<\/svg>/.exec(text)?.[1]?.trim() ?? ''
    return `<symbol id="${name}" viewBox="0 0 24 24" ${LINES}>${shapes}</symbol>`
  })
  return `<svg xmlns="http://www.w3.org/2000/svg">${symbols.join('')}</svg>`
}
