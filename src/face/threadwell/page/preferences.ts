// What a browser keeps for a person: how the page looks, and drafts. It stays in this browser.

const PREFIX = 'threadwell.'

/** Storage may be forbidden or full; then a choice lasts as long as the page. */
export function remember(key: string, value: string | null): void {
  try {
    if (value === null || value === '') localStorage.removeItem(PREFIX + key)
    else localStorage.setItem(PREFIX + key, value)
  } catch {
    // Nothing else depends on it.
  }
}

export function recall(key: string): string {
  try {
    return localStorage.getItem(PREFIX + key) ?? ''
  } catch {
    return ''
  }
}

/** WCAG 2.1.4: a key that does something by itself can be switched off. */
export function areKeysOn(): boolean {
  return document.documentElement.dataset['keys'] !== 'off'
}
