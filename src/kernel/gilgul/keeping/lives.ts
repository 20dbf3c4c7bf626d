import type { EstateEntry } from '../estate/estate.ts'
import type { ServiceSpec } from '../spec/spec.ts'
import type { Condition } from './condition.ts'
import { type Adopted, beginLife, type Life, type LifeOptions } from './life.ts'

export interface LivesOptions extends LifeOptions {
  /** Called before each birth: what it is to outlive has to be noted by then. */
  readonly beforeBirth?: (name: string) => void
  /** What an earlier gilgul left of it. */
  readonly before?: EstateEntry | undefined
  /** The same with less, for one that there was no memory for; undefined where it cannot be done with less. */
  readonly shrink?: (spec: ServiceSpec) => ServiceSpec | undefined
}

/** The processes of one service, one at a time. */
export interface Lives {
  /** Another than at first once it had to do with less. */
  readonly spec: ServiceSpec
  /** The present one. */
  readonly life: Life | undefined
  /** Number of the last start. */
  readonly birth: number
  begin(adopted: Adopted | undefined): Life
  end(): void
  canShrink(): boolean
  shrink(): void
}

const STARTING = 'It has been started, and has not said yet that it is ready.'

export function createLives(wanted: ServiceSpec, options: LivesOptions, { become }: Condition): Lives {
  const { shrink = () => undefined } = options
  let birth = options.before?.birth ?? 0
  let spec = wanted
  let life: Life | undefined
  return {
    get spec() {
      return spec
    },
    get life() {
      return life
    },
    get birth() {
      return birth
    },
    begin(adopted) {
      if (!adopted) {
        birth += 1
        options.beforeBirth?.(spec.name)
      }
      const begun = beginLife(spec, options, adopted ?? birth, (sentence) => become('starting', sentence))
      life = begun
      if (begun.readyAtMs() === undefined) become('starting', STARTING)
      else become('running', 'It runs, and did while gilgul was started anew.')
      return begun
    },
    end() {
      life = undefined
    },
    canShrink: () => shrink(spec) !== undefined,
    shrink() {
      spec = shrink(spec) ?? spec
    },
  }
}
