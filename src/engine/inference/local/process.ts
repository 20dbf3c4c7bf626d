import { type Model, RunaError } from '#protocol'
import { fileState } from '../models/file.ts'
import type { StoredModel } from '../models/registry.ts'
import type { Admission } from './admission.ts'
import { type ModelSettings, modelServiceName } from './settings.ts'

/** gilgul, as far as models are concerned. */
export interface Supervisor {
  /** Resolves once the process answers, with the context that it has; one that runs already is used. */
  startModel(name: string, settings: ModelSettings): Promise<number | undefined>
  stopModel(name: string): Promise<void>
}

export interface ProcessOptions {
  readonly stored: StoredModel
  readonly settings: ModelSettings
  readonly memoryBytes: number
  /** With as little context as it can do with: gilgul may start it with less than is asked for. */
  readonly memoryBytesMin: number
  readonly idleMs: number
  readonly supervisor: Supervisor
  readonly admission: Admission
  /** Called when `state` has changed. */
  readonly changed: () => void
}

/** The life of a model's process, as the broker sees it: started when needed, stopped when idle. */
export interface ModelProcess {
  readonly state: Model['state']
  readonly reason: string
  readonly isIdle: boolean
  readonly usedAtMs: number
  readonly contextTokens: number | undefined
  load(): Promise<void>
  unload(): Promise<void>
  /** Takes over a process that runs already, from before this broker was started. */
  adopt(contextTokens: number | undefined): void
  /** Keeps the model loaded until the function that it returns is called. */
  use(): () => void
  /** An error of the process in the words of this side. What was lost is started anew at the next use. */
  explain(error: unknown): RunaError
}

export function createModelProcess(options: ProcessOptions): ModelProcess {
  const { stored } = options
  const kept = createKeptProcess(options)
  const status = createStatus(options.changed)
  // A model that could not be stopped is tried again after its next use.
  const usage = createUsage(options.idleMs, () => void unload().catch(() => {}))
  let loading: Promise<void> | undefined

  function explain(error: unknown): RunaError {
    const failure = explainFailure(stored.id, error)
    if (error instanceof RunaError && error.code === 'SERVICE_LOST') status.become('stopped', failure.message)
    return failure
  }

  async function start(): Promise<void> {
    status.become('loading', 'It is being loaded.')
    try {
      await checkFile(stored)
      const { memoryBytes, memoryBytesMin } = options
      await options.admission.admit(`'${stored.id}'`, memoryBytes, kept.start, memoryBytesMin)
      status.become('ready')
    } catch (error) {
      const failure = explain(error)
      status.become(failure.code === 'MODEL_TOO_LARGE' ? 'stopped' : 'failed', failure.message)
      throw failure
    }
  }

  async function unload(): Promise<void> {
    usage.forget()
    await loading?.catch(() => {})
    if (status.state === 'ready') status.become('stopped')
    await kept.stop()
  }

  return {
    get state() {
      return status.state
    },
    get reason() {
      return status.reason
    },
    get isIdle() {
      return usage.users === 0 && status.state === 'ready'
    },
    get contextTokens() {
      return kept.contextTokens
    },
    get usedAtMs() {
      return usage.usedAtMs
    },
    load() {
      if (status.state === 'ready') return Promise.resolve()
      loading ??= start().finally(() => {
        loading = undefined
      })
      return loading
    },
    unload,
    adopt(contextTokens) {
      kept.adopt(contextTokens)
      status.become('ready')
      usage.rest()
    },
    use: usage.begin,
    explain,
  }
}

/** What gilgul has, it brings back when it dies, also where it is of no use here any more: so it must be stopped. */
function createKeptProcess({ stored, settings, supervisor }: ProcessOptions) {
  const service = modelServiceName(stored.id)
  let isKept = false
  let contextTokens: number | undefined
  let stopping: Promise<void> = Promise.resolve()

  async function stopNow(): Promise<void> {
    try {
      await supervisor.stopModel(service)
    } catch (error) {
      if (error instanceof RunaError && error.code === 'SERVICE_UNKNOWN') return
      isKept = true
      throw error
    }
  }

  return {
    get contextTokens() {
      return contextTokens
    },
    adopt(granted: number | undefined) {
      isKept = true
      contextTokens = granted
    },
    async start(): Promise<void> {
      // gilgul would take a start in the middle of a stop for a wish to keep what is just ending.
      await stopping.catch(() => {})
      isKept = true
      contextTokens = await supervisor.startModel(service, settings)
    },
    async stop(): Promise<void> {
      if (!isKept) return
      isKept = false
      stopping = stopNow()
      await stopping
    },
  }
}

/** Counts who uses something, and tells when nobody has for a while. */
function createUsage(idleMs: number, onIdle: () => void) {
  let timer: NodeJS.Timeout | undefined
  const usage = {
    users: 0,
    usedAtMs: 0,
    begin(): () => void {
      usage.users += 1
      clearTimeout(timer)
      return () => {
        usage.users -= 1
        if (usage.users === 0) usage.rest()
      }
    },
    rest(): void {
      usage.usedAtMs = performance.now()
      clearTimeout(timer)
      timer = setTimeout(onIdle, idleMs).unref()
    },
    forget: () => clearTimeout(timer),
  }
  return usage
}

function createStatus(changed: () => void) {
  const status = {
    state: 'stopped' as Model['state'],
    reason: '',
    become(state: Model['state'], reason = ''): void {
      const isNews = status.state !== state || status.reason !== reason
      status.state = state
      status.reason = reason
      if (isNews) changed()
    },
  }
  return status
}

function explainFailure(id: string, error: unknown): RunaError {
  if (!(error instanceof RunaError)) return new RunaError('MODEL_FAILED', undefined, { cause: error })
  if (error.code === 'SERVICE_LOST') {
    return new RunaError('MODEL_FAILED', `The process of '${id}' ended before it had answered.`, {
      cause: error,
    })
  }
  if (error.code === 'SERVICE_FAILED') {
    return new RunaError('MODEL_FAILED', `'${id}' could not be started: ${error.message}`, { cause: error })
  }
  return error
}

/** A file that changed since it was added is another model, which nobody has looked at. */
async function checkFile({ id, path, sizeBytes, changedAt }: StoredModel): Promise<void> {
  const now = await fileState(path)
  if (!now) throw new RunaError('MODEL_GONE', `The file of '${id}' has gone from ${path}.`)
  if (now.sizeBytes !== sizeBytes || now.changedAt !== changedAt) {
    throw new RunaError('MODEL_GONE', `${path} has changed since it was added as '${id}'.`)
  }
}
