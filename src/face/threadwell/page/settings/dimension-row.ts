import type { SettingSource } from '#protocol'
import type { MannerReply } from '../../api.ts'
import { evidenceToggle } from '../answer/evidence.ts'
import { el, icon } from '../dom.ts'
import { countWords } from '../words.ts'

type Explained = MannerReply['dimensions'][number]

/** Makes the change, and shows what came of it everywhere. */
export type Change = (path: 'set' | 'lock' | 'reset', body: object, words: string) => Promise<void>

const SOURCES: Readonly<Record<SettingSource, string>> = {
  safety: 'For safety',
  explicit: 'From you',
  mode: 'From the mode',
  inferred: 'From counts',
  default: 'From the persona',
}

export interface DimensionRow {
  readonly element: HTMLElement
  /** The elements stay, so that what has the focus keeps it. */
  show(explained: Explained): void
}

/** One question, its present answer, where that comes from, and what can be done about it. */
export function createDimensionRow(
  { setting: { dimension }, asks, scale }: Explained,
  change: Change,
): DimensionRow {
  const id = `dimension-${dimension}`
  const select = el(
    'select',
    { class: 'input', id, change: () => void set() },
    ...scale.map(({ level, means }) => el('option', { value: level }, means)),
  )
  const set = () =>
    change(
      'set',
      { settings: { [dimension]: select.value } },
      `${asks} ${select.selectedOptions[0]?.text ?? ''}`,
    )
  const lock = el('button', {
    ...{ class: 'btn plain sm', type: 'button', 'aria-pressed': 'false' },
    click: () => void change('lock', { dimensions: [dimension], locked: !isLocked }, ''),
  })
  const reset = el(
    'button',
    {
      ...{ class: 'btn plain sm', type: 'button' },
      async click() {
        await change('reset', { what: 'settings', dimensions: [dimension] }, `Reset. ${asks}`)
        // The button has nothing left to do, and would lose the focus.
        select.focus()
      },
    },
    icon('rotate-ccw', 'sm'),
    'Reset',
    el('span', { class: 'vh' }, ` ${asks}`),
  )
  const why = el('p', { class: 'why-level' })
  const evidence = el('div', { class: 'stack-2 small' })
  const details = el(
    'details',
    { class: 'plain' },
    el('summary', {}, icon('chevron-right', 'sm'), 'What it does', el('span', { class: 'vh' }, ` ${asks}`)),
    evidence,
  )
  const element = el(
    'div',
    { class: 'dim', 'data-dimension': dimension },
    el('label', { for: id }, asks),
    select,
    el('span', { class: 'row' }, lock, reset),
    why,
    details,
  )
  let isLocked = false

  return {
    element,
    show(explained) {
      const { setting } = explained
      isLocked = setting.locked
      select.value = setting.level
      lock.setAttribute('aria-pressed', String(isLocked))
      lock.replaceChildren(
        icon(isLocked ? 'lock' : 'lock-open', 'sm'),
        isLocked ? 'Locked' : 'Lock',
        el('span', { class: 'vh' }, ` ${asks}`),
      )
      reset.disabled = setting.source !== 'explicit'
      why.replaceChildren(el('b', {}, SOURCES[setting.source]), el('span', {}, setting.reason))
      evidence.replaceChildren(...evidenceOf(explained))
    },
  }
}

function evidenceOf({ instruction, evidence, setting, asks }: Explained): HTMLElement[] {
  const told = instruction === '' ? 'A model is told nothing about it.' : `A model is told: “${instruction}”`
  const asked = setting.turn === undefined ? [] : askedParts(setting.turn, asks)
  if (evidence.length === 0) return [el('p', {}, told), ...asked]
  const messages = evidence.reduce((sum, day) => sum + day.messages, 0)
  const words = evidence.reduce((sum, day) => sum + day.words, 0)
  const capitals = evidence.reduce((sum, day) => sum + day.capitals, 0)
  const ended = evidence.reduce((sum, day) => sum + day.ended, 0)
  return [
    el('p', {}, told),
    ...asked,
    el(
      'p',
      {},
      `Counted: ${countWords(messages, 'message')} on ${countWords(evidence.length, 'day')}, with ${countWords(words, 'word')}. ${capitals} began with a capital, ${ended} ended with a full stop or the like.`,
    ),
  ]
}

/** What the person said when they asked for it, for as long as it is not forgotten. */
function askedParts(turn: string, asks: string): HTMLElement[] {
  const { button, shown } = evidenceToggle({ turn }, asks)
  return [el('div', { class: 'row wrap' }, el('span', {}, 'You asked for it in a message.'), button), shown]
}
