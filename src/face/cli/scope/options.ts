import type { MessageFilter } from './message-filter.ts'

export const PAGES = ['bus', 'tap', 'trace'] as const
export type Page = (typeof PAGES)[number]

/** As they are typed. */
export interface ScopeOptions extends MessageFilter {
  readonly bus?: string
  readonly secretFile?: string
  readonly topic?: string
  readonly words?: string
  readonly containing?: string
  readonly where?: string
  readonly once: boolean
  readonly plain: boolean
  readonly json: boolean
  readonly prometheus: boolean
}
