import { el, icon } from './dom.ts'
import { asRefusal } from './http.ts'

export interface Dialog {
  readonly element: HTMLDialogElement
  close(): void
}

export interface DialogContent {
  readonly title: string
  readonly body: readonly (Node | string)[]
  /** The words of the button that does it; without, the dialog only shows. */
  readonly action?: string
  readonly width?: 'wide'
  /** While it runs, the button waits; then the dialog closes. What it throws is shown, and can be tried again. */
  readonly onAction?: () => Promise<void> | void
  /** It does not close after its action: there is something to read then, and nothing left to do. */
  readonly stays?: boolean
  /** Whether something was written that closing would lose: then Escape asks before it closes. */
  readonly isDirty?: () => boolean
  readonly onClose?: () => void
}

/** A native dialog: it keeps the focus, closes on Escape and gives the focus back. */
export function openDialog(content: DialogContent): Dialog {
  const fault = el('div', { 'aria-live': 'assertive' })
  const action = content.action && el('button', { class: 'btn primary', type: 'submit' }, content.action)
  const close = () => element.close()
  const dismiss = el(
    'button',
    { class: 'btn', type: 'button', click: close },
    content.action === undefined ? 'Close' : 'Cancel',
  )
  const titleId = `dialog-${crypto.randomUUID()}`
  const element = el(
    'dialog',
    {
      class: `dialog ${content.width ?? ''}`,
      'aria-labelledby': titleId,
      close: () => finish(),
      cancel: (event) => keep(event),
    },
    el(
      'form',
      { method: 'dialog', submit: (event) => submit(event) },
      el(
        'header',
        {},
        el('h2', { id: titleId }, content.title),
        el(
          'button',
          { class: 'btn plain sm icon push', type: 'button', click: close, 'aria-label': 'Close' },
          icon('x'),
        ),
      ),
      el('div', { class: 'dialog-body stack' }, ...content.body, fault),
      el('footer', {}, dismiss, action || null),
    ),
  )

  function keep(event: Event): void {
    if (content.isDirty?.() !== true) return
    event.preventDefault()
    const words = 'What you wrote is not saved yet. Save it, or choose Cancel to leave it.'
    fault.replaceChildren(el('div', { class: 'note' }, icon('info'), el('p', { class: 'small' }, words)))
  }

  function finish(): void {
    element.remove()
    content.onClose?.()
  }

  async function submit(event: Event): Promise<void> {
    event.preventDefault()
    if (!action || action.disabled) return
    action.disabled = true
    try {
      await content.onAction?.()
      if (content.stays !== true) return element.close()
      action.hidden = true
      dismiss.textContent = 'Close'
    } catch (error) {
      fault.replaceChildren(refusalNote(error))
    } finally {
      action.disabled = false
    }
  }

  document.body.append(element)
  element.showModal()
  return { element, close }
}

/** What went wrong and what can be done, with a button to try again where there is something to try. */
export function refusalNote(error: unknown, onRetry?: () => void): HTMLElement {
  const refusal = asRefusal(error)
  return el(
    'div',
    { class: 'note st-fail', 'data-code': refusal.code },
    icon('triangle-alert'),
    el('p', { class: 't' }, refusal.message),
    el('p', { class: 'small' }, refusal.advice),
    onRetry &&
      el(
        'div',
        { class: 'row' },
        el(
          'button',
          { class: 'btn sm', type: 'button', click: onRetry },
          icon('rotate-ccw', 'sm'),
          'Try again',
        ),
      ),
  )
}

type FieldAttributes = Readonly<Record<string, string | number | boolean>>

export function textField(label: string, value = '', attributes: FieldAttributes = {}) {
  return labelled(label, el('input', { class: 'input', autocomplete: 'off', value, ...attributes }))
}

export function areaField(label: string, value = '', attributes: FieldAttributes = {}) {
  const input = el('textarea', { class: 'area', rows: 4, ...attributes })
  input.value = value
  return labelled(label, input)
}

export function selectField(
  label: string,
  options: readonly (readonly [value: string, words: string])[],
  value: string,
) {
  const choices = options.map(([option, words]) =>
    el('option', { value: option, selected: option === value }, words),
  )
  return labelled(label, el('select', { class: 'input' }, ...choices))
}

function labelled<Input extends HTMLElement>(label: string, input: Input) {
  input.id = `field-${crypto.randomUUID()}`
  return { element: el('div', {}, el('label', { class: 'label', for: input.id }, label), input), input }
}
