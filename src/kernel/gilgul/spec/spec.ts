import type * as z from 'zod'
import type { OnFailure, OwnService, Probe, ServiceFields } from '#kernel/config'
import type { Isolation, Limits } from '../isolation/settings.ts'
import type { RestartPolicy } from '../keeping/restarts.ts'

/** A secret that belongs to one service: nobody else is given it, whatever it was granted. */
export interface OwnSecret {
  readonly name: string
  /** Made by gilgul from chance where it is missing, or kept there by the service when it has one. */
  readonly origin: 'made' | 'kept'
  /** In the folder of the vault, where an earlier version had it. It is moved into the vault. */
  readonly formerFile?: string
}

const IDLE_MS = 600_000

/** What gilgul knows about a service: how to start it, how to tell that it lives, and how to end it. */
export interface ServiceSpec {
  readonly name: string
  /** Models come and go at inference's wish, and outlive the services that use them when everything stops. */
  readonly kind: 'service' | 'model'
  /** Of a model: what it was asked for with. */
  readonly settings?: Readonly<Record<string, z.core.util.JSONType>>
  /** Absolute path of its main. */
  readonly main: string
  /** It is started once all of these run. */
  readonly needs: readonly string[]
  /** Contracts whose words it may read and write. */
  readonly speaks: readonly string[]
  /** That are its alone. */
  readonly secrets: readonly OwnSecret[]
  /** Names of secrets that its description grants it, on top of what `runa secret grant` does. */
  readonly grants?: readonly string[]
  /** On top of what every service gets. */
  readonly environment: Readonly<Record<string, string>>
  readonly nodeFlags: readonly string[]
  /** Until its first heartbeat. */
  readonly readyMs: number
  /** So many heartbeats in a row may be missed; one more, and it is taken for hung. */
  readonly missedBeatsMax: number
  /** Between the wish that it ends and the force. */
  readonly stopMs: number
  readonly restart: RestartPolicy
  /** Of runa.yaml: without it, the service is not part of the world. */
  readonly section?: 'nats' | 'bus.record'
  /** The program of the owner, and its arguments, that serves behind a bridge in the place of Runa's own. */
  readonly replacedBy?: readonly string[]
  /** A program of the owner that is no service of Runa: it is not on the bus, and is asked how it is by its probe. */
  readonly command?: readonly string[]
  /** When it is ready. Without it: with its first heartbeat; a program of the owner, when `liveness` says so. */
  readonly readiness?: Probe | undefined
  /** Whether it is still well, beside its heartbeats. Of a program of the owner, without it: as long as it is there. */
  readonly liveness?: Probe | undefined
  /** Which others are restarted with it. */
  readonly group?: OwnService['group']
  /** By cause, in the place of the ladder that Runa has for it. */
  readonly onFailure?: OnFailure | undefined
  /** On demand: it is started once something is asked of it. Without it, it always runs. */
  readonly start?: ServiceFields['start']
  /** On demand: it is stopped when nothing was asked of it for so long. */
  readonly idleMs?: number
  /** An estimate of what it needs. It is not started where there is not that much. */
  readonly memoryBytes?: number | undefined
  /** What it is kept away from. */
  readonly isolation?: Isolation | undefined
  /** What it may use, with all that it starts. */
  readonly limits?: Limits | undefined
}

/** Nobody has called it for so long, and it may sleep. Undefined for one that always runs. */
export function sleepsAfterMs({ start, idleMs = IDLE_MS }: Pick<ServiceSpec, 'start' | 'idleMs'>) {
  return start === 'on-demand' ? idleMs : undefined
}
