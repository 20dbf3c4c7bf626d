import type { RecordedMessage } from '#kernel/splinter'
import { RunaError } from '#protocol'

/** Which messages are shown. What is left out lets everything pass. */
export interface MessageFilter {
  /** A name, or an address. */
  readonly from?: string | undefined
  readonly to?: string | undefined
  readonly operation?: string | undefined
  readonly type?: string | undefined
  /** A trace, or its beginning. */
  readonly trace?: string | undefined
}

/** A name stands for every process that has it: `tieto` for `tieto@3.12`. */
export function nameOf(address: string): string {
  return address.replace(/@\d+\.\d+$/, '')
}

export function passes(filter: MessageFilter, message: RecordedMessage): boolean {
  const isWho = (wanted: string | undefined, is: string) =>
    wanted === undefined || wanted === is || wanted === nameOf(is)
  return (
    isWho(filter.from, message.from) &&
    isWho(filter.to, message.to) &&
    (filter.operation === undefined || filter.operation === message.operation) &&
    (filter.type === undefined || filter.type === message.type) &&
    (filter.trace === undefined || (message.trace ?? '').startsWith(filter.trace))
  )
}

/** Throws BAD_INPUT for what can never be the beginning of a trace. */
export function checkTrace(trace: string | undefined): string | undefined {
  if (trace === undefined || /^[0-9a-f-]{4,36}$/.test(trace)) return trace
  throw new RunaError(
    'BAD_INPUT',
    `A trace is a UUID, or its first 4 characters or more; '${trace}' is none.`,
  )
}
