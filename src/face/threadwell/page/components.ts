// The few parts of Web Awesome that a page uses. Its icons come from our own sprite: left alone, it would ask a
// stranger's server for them.
import { registerIconLibrary } from './vendor/wa/components/icon/library.js'

const SPRITE = new URL('../icons.svg', import.meta.url).pathname
const NAMES: Readonly<Record<string, string>> = { 'circle-xmark': 'circle-x', xmark: 'x' }

for (const name of ['default', 'system']) {
  registerIconLibrary(name, {
    resolver: (icon) => `${SPRITE}#${NAMES[icon] ?? icon}`,
    spriteSheet: true,
  })
}

/** What a page needs of `wa-select`. */
export interface SelectElement extends HTMLElement {
  value: string | string[] | null
  disabled: boolean
}
