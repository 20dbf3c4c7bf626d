import { RunaError, type ServiceState } from '#protocol'
import { type ServiceSpec, sleepsAfterMs } from '../spec/spec.ts'

/** The state of a service, why it is in it, and who waits for another. */
export interface Condition {
  readonly state: ServiceState
  /** A sentence: why, and what happens next. */
  readonly reason: string
  become(state: ServiceState, because: string): void
  /** Resolves once it runs. Rejects with SERVICE_FAILED when it has failed or was stopped. */
  running(): Promise<void>
}

export interface ConditionOptions {
  readonly onChange: (name: string) => void
  /** Why an earlier gilgul had given it up, where it had. */
  readonly failure: string | undefined
}

export function createCondition(spec: ServiceSpec, { onChange, failure }: ConditionOptions): Condition {
  const { name } = spec
  const watchers = new Set<() => void>()
  const first = sleepsAfterMs(spec) === undefined ? 'waiting' : 'asleep'
  let state: ServiceState = failure === undefined ? first : 'failed'
  let reason = failure ?? waitingSentence(spec)

  return {
    get state() {
      return state
    },
    get reason() {
      return reason
    },
    become(next, because) {
      state = next
      reason = because
      onChange(name)
      for (const watcher of [...watchers]) watcher()
    },
    running: () =>
      new Promise((resolve, reject) => {
        function look(): void {
          if (state === 'running') resolve()
          else if (state === 'failed' || state === 'stopped')
            reject(new RunaError('SERVICE_FAILED', `${name}: ${reason}`))
          else return
          watchers.delete(look)
        }
        watchers.add(look)
        look()
      }),
  }
}

export const ASLEEP = 'Nobody calls it. Its next call starts it.'

function waitingSentence(spec: ServiceSpec): string {
  const { needs } = spec
  if (sleepsAfterMs(spec) !== undefined) return ASLEEP
  return needs.length === 0 ? 'It is about to be started.' : `It is started once ${needs.join(' and ')} run.`
}
