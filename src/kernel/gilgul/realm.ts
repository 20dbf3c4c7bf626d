import type { Config } from '#kernel/config'
import type { HomePaths } from '#kernel/home'
import type { OrphanExits } from './adoption/orphan-exits.ts'
import type { Report } from './ancestry/report.ts'
import type { StandingPlan } from './own/last-plan.ts'
import type { RunState } from './run-state/run-state.ts'
import type { ServiceSecrets } from './secrets/service-secrets.ts'
import type { GilgulOptions } from './service.ts'
import type { ServiceSpec } from './spec/spec.ts'
import type { World } from './world/entry.ts'

export interface RunOptions {
  readonly services: readonly ServiceSpec[]
  readonly modelSpec: GilgulOptions['modelSpec']
  /** Where the ancestor hears of it. */
  readonly report: (report: Report) => void
  /** Fires when everything is to be stopped. */
  readonly stopping: AbortController
  readonly exits: OrphanExits
  /** Fires when coven has died, and nobody is to hold a secret any more. */
  readonly lockDown: AbortSignal
}

/** What a gilgul governs. */
export interface Realm extends World {
  readonly secrets: ServiceSecrets
  readonly config: Config
  readonly plan: StandingPlan
  readonly before: RunState | undefined
  readonly paths: HomePaths
}
