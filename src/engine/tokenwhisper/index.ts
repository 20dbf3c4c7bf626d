export type { Policy, Rule } from './policy.ts'
export type { Action, Check, Direction, Released, TokenStream } from './verdict.ts'
