import type { RestartPolicy } from './restarts.ts'

/** What gilgul knows about a service: how to start it, how to tell that it lives, and how to end it. */
export interface ServiceSpec {
  readonly name: string
  /** Models come and go at inference's wish, and outlive the services that use them when everything stops. */
  readonly kind: 'service' | 'model'
  /** Absolute path of its main. */
  readonly main: string
  /** It is started once all of these run. */
  readonly needs: readonly string[]
  /** Contracts whose words it may read and write. */
  readonly speaks: readonly string[]
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
  /** The program of the owner, and its arguments, that serves behind a bridge in the place of Runa's own. */
  readonly replacedBy?: readonly string[]
}
