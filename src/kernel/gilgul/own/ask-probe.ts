import { execFile } from 'node:child_process'
import { get } from 'node:http'
import { milliseconds, type Probe } from '#kernel/config'

export interface ProbeSurroundings {
  /** Where its program runs. */
  readonly folder: string
  readonly environment: Readonly<Record<string, string>>
  /** Has a model make a token, or say how far it is. Rejects where it does not. */
  readonly infer: (timeoutMs: number) => Promise<void>
}

const OUTPUT_BYTES_MAX = 65_536
const FAULTY_STATUS = 400

/** Whether the service says that it is well. Never rejects, and takes no longer than the probe may. */
export function askProbe(probe: Probe, surroundings: ProbeSurroundings): Promise<boolean> {
  const timeoutMs = milliseconds(probe.timeoutSeconds)
  if (probe.http) return askHttp(probe.http, timeoutMs)
  if (probe.command) return askProgram(probe.command, timeoutMs, surroundings)
  return surroundings.infer(timeoutMs).then(
    () => true,
    () => false,
  )
}

function askHttp({ port, path }: NonNullable<Probe['http']>, timeoutMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const options = { host: '127.0.0.1', port, path, agent: false, signal: AbortSignal.timeout(timeoutMs) }
    const request = get(options, (response) => {
      const { statusCode = FAULTY_STATUS } = response
      // What it says beside its status is not read: it may go on for ever.
      response.destroy()
      resolve(statusCode < FAULTY_STATUS)
    })
    request.on('error', () => resolve(false))
  })
}

function askProgram(
  [program = '', ...words]: readonly string[],
  timeoutMs: number,
  { folder, environment }: ProbeSurroundings,
): Promise<boolean> {
  return new Promise((resolve) => {
    const options = { cwd: folder, env: environment, timeout: timeoutMs, maxBuffer: OUTPUT_BYTES_MAX }
    try {
      execFile(program, words, { ...options, killSignal: 'SIGKILL' }, (error) => resolve(error === null))
    } catch {
      // No process, no descriptor is left: it cannot be said that it is well.
      resolve(false)
    }
  })
}
