import { RunaError } from '#protocol'

const MOMENT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}/
const DAY = /^(\d{4})-(\d{2})-(\d{2})$/

interface DaysOption {
  readonly from?: string | undefined
  readonly to?: string | undefined
}

/**
 * Moments in milliseconds since 1970: from the beginning of the day `from` until the end of the day `to`, by the clock of
 * this machine. Either may be a moment instead, such as 2026-01-31T12:00. Throws BAD_INPUT.
 */
export function momentsOf({ from, to }: DaysOption): { from?: number; to?: number } {
  return {
    ...(from !== undefined && { from: momentOf('--from', from, 0) }),
    ...(to !== undefined && { to: momentOf('--to', to, 1) }),
  }
}

function momentOf(option: string, text: string, daysLater: number): number {
  const day = DAY.exec(text)
  const given = MOMENT.test(text) ? Date.parse(text) : Number.NaN
  const moment = day ? startOfDay(day.slice(1).map(Number), daysLater) : given
  if (Number.isFinite(moment) && moment >= 0) return moment
  throw new RunaError('BAD_INPUT', `${option} takes a day such as 2026-01-31, and not '${text}'.`)
}

/** NaN for a day that no calendar has. */
function startOfDay([year = 0, month = 0, day = 0]: readonly number[], daysLater: number): number {
  const asked = new Date(year, month - 1, day)
  if (asked.getMonth() !== month - 1 || asked.getDate() !== day) return Number.NaN
  return new Date(year, month - 1, day + daysLater).getTime()
}
