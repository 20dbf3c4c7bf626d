// How numbers, times and sizes are said. Pure, so that it is tested without a browser.

const UNITS = ['bytes', 'KB', 'MB', 'GB', 'TB'] as const

export function sizeWords(bytes: number): string {
  let value = bytes
  let unit = 0
  while (value >= 1000 && unit < UNITS.length - 1) {
    value /= 1000
    unit += 1
  }
  const digits = unit === 0 || value >= 100 ? 0 : 1
  return `${value.toFixed(digits).replace(/\.0$/, '')} ${UNITS[unit]}`
}

export function countWords(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString('en')} ${count === 1 ? one : many}`
}

/** `40 ms`, `6.2 s`, `3 min`, `2 h 5 min`, `4 days` */
export function durationWords(ms: number): string {
  const seconds = ms / 1000
  if (ms < 100) return `${Math.round(ms)} ms`
  if (seconds < 10) return `${seconds.toFixed(1)} s`
  if (seconds < 60) return `${Math.floor(seconds)} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes} min`
  const hours = Math.floor(minutes / 60)
  if (hours < 48) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`
  return countWords(Math.floor(hours / 24), 'day')
}

/** A time of today as `14:05`, else with its day. */
export function timeWords(time: number, now: number = Date.now()): string {
  const date = new Date(time)
  const clock = clockWords(time)
  if (date.toDateString() === new Date(now).toDateString()) return clock
  const day = date.toLocaleDateString('en-GB', { day: 'numeric', month: 'short' })
  const isThisYear = date.getFullYear() === new Date(now).getFullYear()
  return `${isThisYear ? day : `${day} ${date.getFullYear()}`}, ${clock}`
}

/** `Today`, `Yesterday`, `Monday 16 November`, with the year where it is another one. */
export function dateWords(time: number, now: number = Date.now()): string {
  const near = dayWords(time, now)
  if (near === 'Today' || near === 'Yesterday') return near
  const date = new Date(time)
  const part = (options: Intl.DateTimeFormatOptions) => date.toLocaleDateString('en-GB', options)
  const day = `${part({ weekday: 'long' })} ${part({ day: 'numeric' })} ${part({ month: 'long' })}`
  return date.getFullYear() === new Date(now).getFullYear() ? day : `${day} ${date.getFullYear()}`
}

export function clockWords(time: number): string {
  const date = new Date(time)
  return `${String(date.getHours()).padStart(2, '0')}:${String(date.getMinutes()).padStart(2, '0')}`
}

/** The beginning of a long text, cut between words. */
export function excerpt(text: string, lengthMax = 240): string {
  if (text.length <= lengthMax) return text
  const cut = text.slice(0, lengthMax)
  const space = cut.lastIndexOf(' ')
  return `${space > 0 ? cut.slice(0, space) : cut}…`
}

/** The midnight with which the day of a date field begins, and the one after it. Undefined where none is written. */
export function dayOfField(value: string): { readonly from: number; readonly to: number } | undefined {
  const [, year, month, day] = /^(\d{4,})-(\d\d)-(\d\d)$/.exec(value)?.map(Number) ?? []
  if (year === undefined || month === undefined || day === undefined) return undefined
  // By the calendar of the person: a day may have 23 or 25 hours.
  const [from, to] = [day, day + 1].map((number) => new Date(year, month - 1, number).getTime())
  return from === undefined || to === undefined || from < 0 ? undefined : { from, to }
}

/** The group that a day belongs to in a list of earlier chats. */
export function dayWords(time: number, now: number = Date.now()): string {
  const midnight = new Date(now).setHours(0, 0, 0, 0)
  if (time >= midnight) return 'Today'
  if (time >= midnight - 86_400_000) return 'Yesterday'
  if (time >= midnight - 6 * 86_400_000) return 'This week'
  return 'Earlier'
}

/** `a, b and c` */
export function listWords(words: readonly string[]): string {
  if (words.length < 2) return words.join('')
  return `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`
}
