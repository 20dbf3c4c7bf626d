import { byId } from '../dom.ts'
import { onState } from '../live.ts'
import { offerClosing } from '../memory/off-the-record.ts'

/** Whether this chat is off the record: chosen before its first question, and said as long as it is open. */
export interface OffTheRecord {
  /** Chosen, or begun so. */
  isOn(): boolean
  /** From now on it is one or the other. */
  settle(isOn: boolean): void
}

export function watchOffTheRecord(
  thread: () => { readonly id: string; readonly turns: number } | undefined,
  onChange: (isOn: boolean) => void,
): OffTheRecord {
  const box = byId<HTMLInputElement>('off')
  let settled: boolean | undefined

  const isOn = () => settled ?? box.checked
  function show(): void {
    byId('off-switch').hidden = settled !== undefined
    byId('off-bar').hidden = settled !== true
    byId('thread-remove').hidden = settled !== false
    byId('chat').toggleAttribute('data-off', isOn())
    // Off the record it never looks into other chats. The options may stand in a dialog just now.
    byId('options').toggleAttribute('data-off', isOn())
    onChange(isOn())
  }

  box.addEventListener('change', show)
  onState(({ hasVault }) => {
    // Without a vault there is no record to be on.
    if (hasVault) return
    box.checked = true
    box.disabled = true
    show()
  })
  byId('off-close').addEventListener('click', () => {
    const open = thread()
    if (open) offerClosing(open, () => location.replace('/chat'))
  })
  return {
    isOn,
    settle(isOnNow) {
      settled = isOnNow
      show()
    },
  }
}
